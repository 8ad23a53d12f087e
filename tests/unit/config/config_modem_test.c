/* config: what a [modem] section says of who and where its modem is, and what revives it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "config.h"

static struct config *config;
static struct config_mistakes mistakes;

static int parse(const char *text)
{
    config_free(config);
    config_mistakes_free(&mistakes);
    return config_parse("otpgate.conf", text, strlen(text), &config, &mistakes);
}

static void wrong(const char *text, const char *message)
{
    assert_int_equal(parse(text), -EINVAL);
    assert_int_equal(mistakes.count, 1);
    assert_string_equal(mistakes.line[0], message);
}

static void right(const char *text)
{
    assert_int_equal(parse(text), 0);
    assert_int_equal(mistakes.count, 0);
}

static int forget(void **state)
{
    (void)state;
    config_free(config);
    config = NULL;
    config_mistakes_free(&mistakes);
    return 0;
}

static void identities(void **state)
{
    (void)state;
    right("[gateway]\nadopt = yes\nsim_swap = accept\n"
          "[modem a]\nimei = 867542030000001\niccid=8984048000000000001\n"
          "[modem b]\nimsi = 452040000000001\n[modem c]\nusb_path = 1-1.2\nport=/dev/ttyUSB2\n");
    assert_true(config->adopt);
    assert_int_equal(config->sim_swap, SIM_SWAP_ACCEPT);
    assert_string_equal(config->modems[0].port, "");
    assert_string_equal(config->modems[0].imei, "867542030000001");
    assert_string_equal(config->modems[0].iccid, "8984048000000000001");
    assert_string_equal(config->modems[1].imsi, "452040000000001");
    assert_string_equal(config->modems[2].usb_path, "1-1.2");
    right("[modem a]\nport=/a\n");
    assert_false(config->adopt);
    assert_int_equal(config->sim_swap, SIM_SWAP_HOLD);
    wrong("[modem a]\nimei=86754203000000x\n",
          "otpgate.conf:2: [modem a] imei: wants 14 to 16 digits");
    wrong("[modem a]\nimei=8675420300000\n",
          "otpgate.conf:2: [modem a] imei: wants 14 to 16 digits");
    wrong("[modem a]\nusb_path=1-1\n[modem b]\nusb_path=1-1\n",
          "otpgate.conf:4: [modem b] usb_path: is the usb_path of [modem a] already");
    wrong("[modem a]\nusb_path=1-1\nport=tcp://h:1\n",
          "otpgate.conf:2: [modem a] usb_path: a port over tcp has none");
    wrong("[gateway]\nsim_swap = keep\n",
          "otpgate.conf:2: [gateway] sim_swap: wants hold or accept");
}

/* What is run is not what a shell would make of it: that is said before it is tried. */
static void programs(void **state)
{
    (void)state;
    static const char *const bad[] = {"uhubctl -a cycle", "./cycle", "/bin/x 'a b'", "/bin/x \"a\"",
                                      "/bin/x 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[300];
        snprintf(text, sizeof text, "[modem a]\nport=/a\npower_cycle = %s\n", bad[i]);
        wrong(text, "otpgate.conf:3: [modem a] power_cycle: wants an absolute path with at most 15 "
                    "arguments, no quotes, or nothing");
    }
    right("[modem a]\nport=/a\npower_cycle = /bin/x 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
    right("[modem a]\nport=/a\npower_cycle = /usr/sbin/uhubctl -a cycle -l 1-1 -p 2\n"
          "power_cycle_every_s = 900\n[modem b]\nport=/b\n");
    assert_string_equal(config->modems[0].power_cycle, "/usr/sbin/uhubctl -a cycle -l 1-1 -p 2");
    assert_int_equal(config->modems[0].power_cycle_every_s, 900);
    assert_string_equal(config->modems[1].power_cycle, "");
    assert_int_equal(config->modems[1].power_cycle_every_s, 600);
}

static void phones_without_at(void **state)
{
    (void)state;
    right("[modem a]\ndriver=gammu\ngammu_connection=fbususb\ngammu_device=/dev/a\n");
    assert_string_equal(config->modems[0].gammu_device, "/dev/a");
    wrong("[modem a]\ndriver=gammu\ngammu_device=/dev/a\n",
          "otpgate.conf:1: [modem a]: driver = gammu wants gammu_connection");
    wrong("[modem a]\nport=/a\ngammu_connection=at\n",
          "otpgate.conf:3: [modem a] gammu_connection: is for driver = gammu");
    wrong("[modem a]\ndriver=gammu\ngammu_connection=dku2\ngammu_device=/dev/a\nport=/a\n",
          "otpgate.conf:1: [modem a]: driver = gammu has a gammu_device, and no port or identity");
    wrong("[modem a]\ndriver=gammu\ngammu_connection=dku2\ngammu_device=/a\n"
          "[modem b]\ndriver=gammu\ngammu_connection=dku2\ngammu_device=/a\n",
          "otpgate.conf:8: [modem b] gammu_device: is the gammu_device of [modem a] already");
    wrong("[modem a]\nport=/a\ngammu_model=6310\n",
          "otpgate.conf:3: [modem a] gammu_model: is for driver = gammu");
    wrong("[modem a]\ndriver=gammu\ngammu_connection=dku2\ngammu_device=/a\nimsi=452040000000001\n",
          "otpgate.conf:1: [modem a]: driver = gammu has a gammu_device, and no port or identity");
    static const char *const for_at[] = {"pin_file = /p", "pin_credential = p",
                                         "power_cycle = /bin/x"};
    static const char *const keys[] = {"pin_file", "pin_credential", "power_cycle"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char text[200], message[100];
        snprintf(text, sizeof text,
                 "[modem a]\ndriver=gammu\ngammu_connection=dku2\ngammu_device=/a\n%s\n",
                 for_at[i]);
        snprintf(message, sizeof message, "otpgate.conf:5: [modem a] %s: is for driver = at",
                 keys[i]);
        wrong(text, message);
    }
    right("[modem a]\ndriver=gammu\ngammu_connection=dku2\ngammu_device=/a\ngammu_model=6310\n"
          "smsc=+84900000023\nroaming=yes\n");
}

/* The default too: what a machine without it takes for midnight is that of UTC. */
static void zones_of_this_system(void **state)
{
    (void)state;
    assert_false(config_zone_is_here("Asia/No_Such_Town"));
    assert_false(config_zone_is_here("../zoneinfo"));
    assert_false(config_zone_is_here(""));
    assert_int_equal(config_zone_is_here("UTC"), access("/usr/share/zoneinfo/UTC", R_OK) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(identities, forget),
        cmocka_unit_test_teardown(programs, forget),
        cmocka_unit_test_teardown(phones_without_at, forget),
        cmocka_unit_test(zones_of_this_system),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
