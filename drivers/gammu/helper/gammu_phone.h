/* gammu_phone: one phone through libgammu. The one room that calls it, in a process of its own:
 * every call may block for half a minute, and some write past their buffers. */
#ifndef OTPGATE_GAMMU_PHONE_H
#define OTPGATE_GAMMU_PHONE_H

#include <stdbool.h>
#include "gammu_wire.h"

struct gammu_phone;

/* `model` "": found by libgammu; `smsc` "": the phone's own. 0, or the GSM_Error. */
unsigned gammu_phone_open(const char *connection, const char *device, const char *model,
                          const char *smsc, struct gammu_phone **out);
void gammu_phone_close(struct gammu_phone *phone);
/* The open device, to be polled: readable means gammu_phone_read(). -1: there is none. */
int gammu_phone_fd(const struct gammu_phone *phone);
/* Takes what the phone says unasked. True: a message has come, look. */
bool gammu_phone_read(struct gammu_phone *phone);

/* Text for GAMMU_IMEI to GAMMU_REVISION; false: not known. */
bool gammu_phone_identity(struct gammu_phone *phone, enum gammu_word word,
                          char out[GAMMU_TEXT_MAX + 1]);
void gammu_phone_radio(struct gammu_phone *phone, struct gammu_line *out);
/* Sends the SMS-SUBMIT of `line`, which becomes the answer: sent, refused or failed. */
void gammu_phone_send(struct gammu_phone *phone, struct gammu_line *line);
/* Calls `tell` for each message and report in the phone until it says false. */
void gammu_phone_list(struct gammu_phone *phone, bool (*tell)(void *arg, const struct gammu_line *),
                      void *arg);
/* The one that was listed under this handle. */
void gammu_phone_delete(struct gammu_phone *phone, uint64_t handle);

#endif
