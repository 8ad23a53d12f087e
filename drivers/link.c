/* link: the names of the states, as on the wire. */
#include "link.h"

#include <assert.h>
#include <stddef.h>

const char *link_state_name(enum link_state state)
{
    static const char *const names[LINK_STATES] = {
        [LINK_OPENING] = "opening",
        [LINK_SYNCING] = "syncing",
        [LINK_IDENTIFYING] = "identifying",
        [LINK_SIM] = "sim",
        [LINK_REGISTERING] = "registering",
        [LINK_READY] = "ready",
        [LINK_BUSY] = "busy",
        [LINK_RECOVERING] = "recovering",
        [LINK_QUARANTINED] = "quarantined",
        [LINK_GONE] = "gone",
    };
    assert((unsigned)state < LINK_STATES && names[state]);
    return names[state];
}
