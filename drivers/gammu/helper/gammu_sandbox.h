/* gammu_sandbox: what is left to a process that runs libgammu: its phone, and nothing else. */
#ifndef OTPGATE_GAMMU_SANDBOX_H
#define OTPGATE_GAMMU_SANDBOX_H

#include <stdbool.h>

/* Before the phone is opened: no core, no new privileges, no programs, no network (Bluetooth where
 * the connection needs it), no files but `device` (a node or a folder) and, to read, what the
 * system's libraries lie in. What this kernel cannot do is left out and told in the result: false,
 * and the helper says so. */
bool gammu_sandbox_enter(const char *device, bool bluetooth);

#endif
