/* hall_desk: a hall with one client of root's at its desk, for the tests of what one may ask; the
 * log is not shown. */
#ifndef OTPGATE_HALL_DESK_H
#define OTPGATE_HALL_DESK_H

#include "hall_world.h"

#define REQUEST(id, method, params)                                                                \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method "\",\"params\":" params "}"
#define SEND(id, key)                                                                              \
    REQUEST(id, "message.send",                                                                    \
            "{\"key\":\"" key "\",\"to\":\"+84912345678\",\"text\":\"Ma OTP: 908172\"}")
#define ERROR(id, name)                                                                            \
    "{\"id\":" id ",\"error\":{\"message\":\"*\",\"data\":{\"name\":\"" name "\"}}}"

extern struct world world;
extern struct client client;

int desk_setup(void **state);
int desk_teardown(void **state);

#endif
