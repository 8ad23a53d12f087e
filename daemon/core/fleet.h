/* fleet: the modems come and go, and what their links tell is handed to who it is for. */
#ifndef OTPGATE_FLEET_H
#define OTPGATE_FLEET_H

#include "gateway.h"

struct modem;

int fleet_open(struct gateway *gateway); /* links for sections that have none; 0/-ENOMEM */
void fleet_reload(struct gateway *gateway);
void fleet_close(struct gateway *gateway);
/* A modem that no section names, with a config made up; it is opened. NULL: no memory. */
struct modem *fleet_adopt(struct gateway *gateway, const struct config_modem *config);
void fleet_retire(struct modem *modem);
void fleet_reap(struct modem *modem); /* a retired modem that is free goes */
void modem_view_fill(struct modem *modem, struct modem_view *view);

#endif
