/* config: any bytes either make a configuration or a list of mistakes, never both, never neither.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config;
    struct config_mistakes mistakes;
    int rc = config_parse("fuzz", (const char *)data, size, &config, &mistakes);
    assert((rc == 0) == (config != NULL));
    assert((rc == 0) == (mistakes.count == 0));
    if (config)
        for (size_t i = 0; i < config->modem_count; i++)
            assert(strlen(config->modems[i].name) > 0 &&
                   strlen(config->modems[i].port) + strlen(config->modems[i].imei) +
                           strlen(config->modems[i].iccid) + strlen(config->modems[i].imsi) +
                           strlen(config->modems[i].usb_path) >
                       0);
    config_free(config);
    config_mistakes_free(&mistakes);
    return 0;
}
