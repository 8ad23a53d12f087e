/* at_quirks: the rows, each with its story. First fit wins, so a model stands before its maker. */
#include "at_quirks.h"

#include <stddef.h>
#include <string.h>

/* Attempts left for the PIN, as oFono asks for them; ModemManager has the same for Huawei. */
#define SPIC .pin_left = {.command = "AT+SPIC", .prefix = "+SPIC:"}
#define SPIC_NOW                                                                                   \
    .pin_left = {.command = "AT^SPIC", .prefix = "^SPIC:"} /* of what is asked for now */

#define PLAIN_RESET .reset = "AT+CFUN=1,1", .reset_wait_ms = 10000

static const struct at_quirks rows[] = {
    /* SIM7x00, A76xx: AT+CRESET restarts the whole module, CFUN=1,1 on some firmware only the
     * radio. "SMS READY" comes ten seconds after a boot; before it AT+CMGF may answer ERROR. */
    {.name = "simcom-lte",
     .maker = "SIMCOM",
     .model = "SIM7",
     .iccid = "AT+CICCID",
     SPIC,
     .quiet = {"AT+AUTOCSQ=0", "AT+CNSMOD=0"},
     .reset = "AT+CRESET",
     .reset_wait_ms = 20000},
    {.name = "simcom-lte",
     .maker = "SIMCOM",
     .model = "A76",
     .iccid = "AT+CICCID",
     SPIC,
     .quiet = {"AT+AUTOCSQ=0", "AT+CNSMOD=0"},
     .reset = "AT+CRESET",
     .reset_wait_ms = 20000},
    /* SIM800/900: "Call Ready" and "SMS Ready" after a boot. */
    {.name = "simcom", .maker = "SIMCOM", .iccid = "AT+CCID", SPIC, PLAIN_RESET},
    /* Floods the port with ^RSSI, ^MODE, ^DSFLOWRPT, ^HCSQ unless told not to; ^BOOT goes on every
     * 20 s whatever one says. ICCID with swapped nibbles. E1xx need a reset after a time-out, and
     * CFUN=1,1 drops them off the bus, which is as good. Reports: chan_dongle runs them with <ds>
     * 2, the only value it found to work; E303 and E3531 put them into "SM". USSD: E1xx and E3xx
     * take and give packed septets in hex (AT^USSDMODE=1), and answer ERROR or nothing to plain
     * text. AT^PORTSEL: notices go to the PC UI port (0) or to the modem port (1). */
    {.name = "huawei",
     .maker = "huawei",
     .iccid = "AT^ICCID?",
     .pin_left = {.command = "AT^CPIN?", .prefix = "^CPIN:", .field = 3}, /* code,times,puk,pin */
     .quiet = {"AT^CURC=0"},
     .announce = {"AT^PORTSEL=0", "AT^PORTSEL=1"},
     .reset = "AT^RESET",
     .reset_wait_ms = 20000,
     .reports_stored = true,
     .ussd = USSD_PACKED},
    /* Fills its own output with message-waiting indications until it crashes, unless a storage is
     * selected at once. */
    {.name = "zte",
     .maker = "ZTE",
     .iccid = "AT+ZICCID?",
     .pin_left = {.command = "AT+ZPINPUK=?", .prefix = "+ZPINPUK:"},
     .quiet = {"AT+CPMS?"},
     .reset = "AT+ZRST",
     .reset_wait_ms = 20000},
    /* EC2x leave the bus for 10 to 20 s in a reset. "+QIND: SMS DONE" after a boot. Some are made
     * so that notices go to the modem port, not to the AT port. */
    {.name = "quectel",
     .maker = "Quectel",
     .announce = {"AT+QURCCFG=\"urcport\",\"usbat\"", "AT+QURCCFG=\"urcport\",\"usbmodem\"",
                  "AT+QURCCFG=\"urcport\",\"uart1\""},
     .iccid = "AT+QCCID",
     .pin_left = {.command = "AT+QPINC?", .prefix = "+QPINC:", .name = "SC", .field = 1},
     .reset = "AT+CFUN=1,1",
     .reset_wait_ms = 20000},
    /* "#STN: 150,1" (a SIM toolkit notice) after each short message held gammu up for 23 s. */
    {.name = "telit",
     .maker = "Telit",
     .iccid = "AT#CCID",
     .pin_left = {.command = "AT#PCT", .prefix = "#PCT:"},
     .quiet = {"AT#STIA=0"},
     .reset = "AT#REBOOT",
     .reset_wait_ms = 20000},
    /* AT+CFUN=16 resets the module and leaves the SIM alone. */
    {.name = "u-blox",
     .maker = "u-blox",
     .iccid = "AT+CCID",
     .pin_left = {.command = "AT+UPINCNT", .prefix = "+UPINCNT:"},
     .reset = "AT+CFUN=16",
     .reset_wait_ms = 15000},
    {.name = "sierra",
     .maker = "Sierra",
     .iccid = "AT!ICCID?",
     .reset = "AT!RESET",
     .reset_wait_ms = 20000},
    /* MC55, TC63, AC75: AT^SM20 at its factory default makes a failed AT+CMGS answer OK. "0,0" asks
     * for honest answers; where it is not obeyed, an OK without +CMGS stays UNKNOWN. AT+CMMS is not
     * in their SMS path. */
    {.name = "cinterion",
     .maker = "Cinterion",
     .iccid = "AT+CCID",
     .quiet = {"AT^SM20=0,0"},
     SPIC_NOW,
     .no_cmms = true,
     PLAIN_RESET},
    {.name = "cinterion",
     .maker = "Siemens",
     .iccid = "AT+CCID",
     .quiet = {"AT^SM20=0,0"},
     SPIC_NOW,
     .no_cmms = true,
     PLAIN_RESET},
    {.name = "cinterion",
     .maker = "Gemalto",
     .iccid = "AT+CCID",
     .quiet = {"AT^SM20=0,0"},
     SPIC_NOW,
     .no_cmms = true,
     PLAIN_RESET},
    /* +WIND: notices; AT+CFUN=1 resets, and CME 515 follows for a while. */
    {.name = "wavecom",
     .maker = "WAVECOM",
     .iccid = "AT+CCID",
     .quiet = {"AT+WIND=0"},
     .reset = "AT+CFUN=1",
     .reset_wait_ms = 10000},
    /* The simulator's profile that answers other commands while a short message is still under way,
     * for as long as the most patient program waits (ModemManager). */
    {.name = "late", .maker = "otpgate", .model = "SIM-LATE", .answer_max_ms = 300000, PLAIN_RESET},
    {.name = "plain", PLAIN_RESET},
};

const struct at_quirks *at_quirks_find(const char *maker, const char *model)
{
    const struct at_quirks *row = rows;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        row = &rows[i];
        if ((!row->maker || strcasestr(maker, row->maker)) &&
            (!row->model || strcasestr(model, row->model)))
            break;
    }
    return row;
}
