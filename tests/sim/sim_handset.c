/* sim_handset: see sim_handset.h. */
#include "sim_handset.h"
#include "sim_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_number_canonical(const char *number, char *out)
{
    if (number[0] == '0' && number[1] == '0' && strlen(number) > 8)
        snprintf(out, SIM_NUMBER, "+%s", number + 2);
    else if (number[0] == '0' && strlen(number) > 8)
        snprintf(out, SIM_NUMBER, "+84%s", number + 1);
    else
        snprintf(out, SIM_NUMBER, "%s", number);
}

static unsigned bucket_of(const char *number)
{
    uint32_t hash = 2166136261u;
    for (; *number; number++)
        hash = (hash ^ (uint8_t)*number) * 16777619u;
    return hash % SIM_HANDSET_BUCKETS;
}

struct sim_handset *sim_handset_find(struct sim_handsets *all, const char *number, bool make)
{
    struct sim_handset **bucket = &all->bucket[bucket_of(number)];
    for (struct sim_handset *handset = *bucket; handset; handset = handset->next)
        if (!strcmp(handset->number, number))
            return handset;
    if (!make)
        return NULL;
    struct sim_handset *handset = sim_alloc(sizeof *handset);
    snprintf(handset->number, sizeof handset->number, "%s", number);
    handset->next = *bucket;
    *bucket = handset;
    all->count++;
    return handset;
}

/* A message of one part, as nearly all are, has no room for the others. */
static struct sim_message *message_new(unsigned parts)
{
    size_t used = parts > 1 ? parts : 0;
    return sim_alloc(sizeof(struct sim_message) + used * sizeof(char *));
}

static unsigned slots(const struct sim_message *message)
{
    return message->parts > 1 ? message->parts : 0;
}

static void message_free(struct sim_message *message)
{
    for (unsigned i = 0; i < slots(message); i++)
        free(message->part[i]);
    free(message->text);
    free(message);
}

static void drop_older_half(struct sim_handset *handset)
{
    size_t half = handset->count / 2;
    for (size_t i = 0; i < half; i++)
        message_free(handset->message[i]);
    handset->count -= half;
    memmove(handset->message, handset->message + half, handset->count * sizeof(void *));
}

static struct sim_message *append(struct sim_handset *handset, unsigned parts)
{
    if (handset->count == SIM_HANDSET_INBOX)
        drop_older_half(handset);
    if (handset->count == handset->room) {
        handset->room = handset->room ? 2 * handset->room : 4;
        handset->message = sim_grow(handset->message, handset->room * sizeof(void *));
    }
    struct sim_message *message = message_new(parts);
    handset->message[handset->count++] = message;
    return message;
}

/* The unfinished set this part is missing from, newest first. */
static struct sim_message *unfinished(struct sim_handset *handset, const char *from,
                                      const struct sim_submit *submit)
{
    for (size_t i = handset->count; submit->parts > 1 && i-- > 0;) {
        struct sim_message *message = handset->message[i];
        if (message->ref == submit->ref && message->parts == submit->parts &&
            !message->part[submit->part - 1] && !strcmp(message->from, from))
            return message;
    }
    return NULL;
}

/* TS 23.040 clause 9.2.3.9: same sender, same type: the newer takes the older one's place. */
static void remove_replaced(struct sim_handset *handset, struct sim_message *newer)
{
    if (newer->pid < 0x41 || newer->pid > 0x47)
        return;
    for (size_t i = 0; i < handset->count; i++) {
        struct sim_message *old = handset->message[i];
        if (old == newer || old->pid != newer->pid || strcmp(old->from, newer->from) != 0 ||
            (old->ref == newer->ref && old->have < old->parts))
            continue;
        newer->replaced += old->replaced + 1;
        message_free(old);
        handset->count--;
        memmove(handset->message + i, handset->message + i + 1,
                (handset->count - i) * sizeof(void *));
        i--;
    }
}

static void join(struct sim_message *message)
{
    size_t len = 0;
    for (unsigned i = 0; i < message->parts; i++)
        len += message->part[i] ? strlen(message->part[i]) : 0;
    message->text = sim_grow(message->text, len + 1);
    char *to = message->text;
    for (unsigned i = 0; i < message->parts; i++)
        if (message->part[i])
            to = stpcpy(to, message->part[i]);
    *to = 0;
}

static char *copy(const char *text)
{
    size_t len = strlen(text) + 1;
    return memcpy(sim_alloc(len), text, len);
}

const struct sim_message *sim_handset_take(struct sim_handset *handset, const char *from,
                                           const struct sim_submit *submit, uint64_t id,
                                           int64_t now_ms)
{
    handset->total++;
    struct sim_message *message = unfinished(handset, from, submit);
    if (!message) {
        message = append(handset, submit->parts);
        snprintf(message->from, sizeof message->from, "%s", from);
        message->id = id;
        message->pid = submit->pid;
        message->dcs = submit->dcs;
        message->class_ = submit->class_;
        message->ref = submit->ref;
        message->parts = submit->parts;
    }
    message->have++;
    message->at_ms = now_ms;
    if (message->parts > 1) {
        message->part[submit->part - 1] = copy(submit->text);
        join(message);
    } else {
        message->text = copy(submit->text);
    }
    if (message->have == message->parts)
        remove_replaced(handset, message);
    return message;
}

void sim_handsets_free(struct sim_handsets *all)
{
    for (unsigned i = 0; i < SIM_HANDSET_BUCKETS; i++) {
        struct sim_handset *next;
        for (struct sim_handset *handset = all->bucket[i]; handset; handset = next) {
            next = handset->next;
            for (size_t at = 0; at < handset->count; at++)
                message_free(handset->message[at]);
            free(handset->message);
            free(handset);
        }
    }
    memset(all, 0, sizeof *all);
}
