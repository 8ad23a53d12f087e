/* carriers_file: carriers.ini into struct carriers (carriers.h); all mistakes are told, as of the
 * configuration itself. */
#ifndef OTPGATE_CARRIERS_FILE_H
#define OTPGATE_CARRIERS_FILE_H

#include "carriers.h"
#include "config.h"

#define CARRIERS_PATH "/etc/otpgate/carriers.ini"

/* The file at `path`; where that is CARRIERS_PATH and there is none, the copy built in. `country`:
 * calling code of its prefixes. 0, or -EINVAL with the mistakes, or -errno of the file (one mistake
 * says it). Freed with carriers_free(). */
int carriers_load(const char *path, const char *country, struct carriers **out,
                  struct config_mistakes *mistakes) __attribute__((warn_unused_result));
/* The copy built in, which is daemon/config/carriers.ini of the sources. 0/-ENOMEM */
int carriers_load_builtin(const char *country, struct carriers **out,
                          struct config_mistakes *mistakes) __attribute__((warn_unused_result));
/* From memory, for tests and the fuzzer: any bytes. `name` is what mistakes call it. */
int carriers_parse(const char *name, const char *bytes, size_t len, const char *country,
                   struct carriers **out, struct config_mistakes *mistakes)
    __attribute__((warn_unused_result));
void carriers_free(struct carriers *carriers);

#endif
