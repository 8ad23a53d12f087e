/* plug_rig: a gateway on virtual time whose sticks, links and questions the test plays by hand. */
#ifndef OTPGATE_PLUG_RIG_H
#define OTPGATE_PLUG_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "gateway.h"
#include "hand_link.h"
#include "loop_sim.h"
#include "plug.h"
#include "store.h"

enum { SECTIONS = 3, LINKS = 8, PORTS = 16 };
extern const char imei_a[], imei_b[], sim_1[], sim_2[];

struct world {
    struct loop *loop;
    struct store *store;
    struct config config;
    struct config_modem modem[SECTIONS];
    struct gateway *gateway;
    struct hand_link *link[LINKS];
    size_t links;
    struct usb_port port[PORTS];
    size_t ports;
    uint64_t serial;
    struct {
        bool open;
        char node[64];
        plug_answer_fn *fn;
        void *ctx;
        unsigned asked, forgotten;
    } q;
};

int setup(void **state);
int teardown(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

struct config_modem *section(struct world *world, const char *name);
void start(struct world *world);
/* The daemon ends and starts again on the same disk, with nothing plugged in. */
void restart(struct world *world);
void settle(struct world *world);
/* A port of the stick in socket `usb`, as ttyUSB`number`; told by tell(). */
void port(struct world *world, const char *usb, int interface, int number, enum usb_role role);
void tell(struct world *world);
void pull(struct world *world);
/* Which port is being asked, and what it says. */
void asked(struct world *world, const char *node);
void answer(struct world *world, int err, const char *imei, const char *iccid);
/* Where this link is attached. */
void at(const struct world *world, int link, const char *place);
/* What the link learns at the other end. */
void comes_up(struct world *world, int link, const char *imei, const char *iccid);
struct modem_view view_of(struct world *world, const char *name);

#endif
