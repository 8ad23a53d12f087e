#include "roles.h"
#include <assert.h>
#include <string.h>
#include "hall.h"

static const struct right {
    const char *name;
    unsigned bit;
} rights[] = {
    {"send", MAY_SEND},       {"verify", MAY_VERIFY},   {"subscriber", MAY_SUBSCRIBER},
    {"monitor", MAY_MONITOR}, {"operate", MAY_OPERATE},
};
enum { RIGHTS = sizeof rights / sizeof *rights };

const char *roles_name_at(size_t i)
{
    return i < RIGHTS ? rights[i].name : NULL;
}

static bool ids_have(const struct config_ids *ids, unsigned id)
{
    for (size_t i = 0; i < ids->count; i++)
        if (ids->id[i] == id)
            return true;
    return false;
}

static bool role_names(const struct config_role *role, const struct peer *peer)
{
    bool named = ids_have(&role->users, peer->uid) || ids_have(&role->groups, peer->gid);
    for (size_t i = 0; !named && i < peer->group_count; i++)
        named = ids_have(&role->groups, peer->groups[i]);
    return named;
}

/* 0 is no limit. */
static int stricter(int limit, int other)
{
    return limit == 0 || (other != 0 && other < limit) ? other : limit;
}

void roles_resolve(const struct front *front, struct peer *peer)
{
    const struct config *config = front->config;
    bool trusted = peer->uid == 0 || peer->uid == front->own_uid;
    peer->may = trusted ? MAY_ALL : 0;
    peer->shows_inbox = trusted;
    peer->shows_numbers = false;
    peer->max_connections = peer->max_in_flight = peer->sends_per_minute = 0;
    for (size_t i = 0; i < config->role_count; i++) {
        const struct config_role *role = &config->roles[i];
        if (!role_names(role, peer))
            continue;
        peer->may |= role->may;
        peer->shows_numbers |= role->show_numbers;
        peer->shows_inbox |= role->show_numbers;
        peer->max_connections = stricter(peer->max_connections, role->max_connections);
        peer->max_in_flight = stricter(peer->max_in_flight, role->max_in_flight);
        peer->sends_per_minute = stricter(peer->sends_per_minute, role->sends_per_minute);
    }
}

bool peer_may(const struct front *front, const struct peer *peer, const char *role)
{
    (void)front;
    if (strcmp(role, "any") == 0)
        return true;
    for (size_t i = 0; i < RIGHTS; i++)
        if (strcmp(rights[i].name, role) == 0)
            return (peer->may & rights[i].bit) != 0;
    assert(!"a role of openrpc.json");
    return false;
}

int peer_max_connections(const struct front *front, const struct peer *peer)
{
    return stricter(front->config->max_connections, peer->max_connections);
}

int peer_max_in_flight(const struct front *front, const struct peer *peer)
{
    return stricter(front->config->max_in_flight, peer->max_in_flight);
}

uint32_t peer_viewer(const struct peer *peer)
{
    return peer->shows_numbers ? UINT32_MAX : peer->uid;
}
