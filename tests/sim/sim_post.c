/* sim_post: see sim_post.h. */
#include "sim_post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim_text.h"

enum {
    HEADER = 6, /* octets: length, element 0, its length, reference, parts, part */
    HEADER_SEPTETS = 7,
    ONE_SEPTETS = 160,
    PART_SEPTETS = 153,
    ONE_UNITS = 70,
    PART_UNITS = 67,
    UNITS_ROOM = SIM_POST_PARTS * PART_SEPTETS,
};

/* One part on its way. */
struct sim_parcel {
    struct sim_timer timer;
    struct sim_post *post;
    struct sim_parcel *next, **link;
    char from[SIM_NUMBER], to[SIM_NUMBER];
    struct sim_deliver deliver;
    uint8_t data[SIM_USER_DATA];
};

/* A text in the alphabet it travels in: septets, or units of two octets. */
struct coded {
    bool ucs2;
    size_t count;
    uint8_t unit[2 * UNITS_ROOM];
};

void sim_post_init(struct sim_post *post, struct simnet *net)
{
    *post = (struct sim_post){.net = net, .ref = 1};
}

static void parcel_free(struct sim_parcel *parcel)
{
    sim_timer_cancel(&parcel->timer);
    *parcel->link = parcel->next;
    if (parcel->next)
        parcel->next->link = parcel->link;
    free(parcel);
}

void sim_post_fini(struct sim_post *post)
{
    while (post->parcels)
        parcel_free(post->parcels);
}

static void parcel_arrive(void *arg)
{
    struct sim_parcel *parcel = arg;
    parcel->deliver.wall_ms = simnet_wall_ms(parcel->post->net);
    simnet_deliver(parcel->post->net, parcel->to, &parcel->deliver);
    parcel_free(parcel);
}

static struct sim_parcel *parcel_new(struct sim_post *post, const char *from, const char *to,
                                     int64_t ms)
{
    struct sim_parcel *parcel = sim_alloc(sizeof *parcel);
    parcel->post = post;
    parcel->next = post->parcels;
    parcel->link = &post->parcels;
    if (parcel->next)
        parcel->next->link = &parcel->next;
    post->parcels = parcel;
    snprintf(parcel->from, sizeof parcel->from, "%s", from);
    snprintf(parcel->to, sizeof parcel->to, "%s", to);
    parcel->deliver.from = parcel->from;
    parcel->deliver.user_data = parcel->data;
    sim_timer_init(&parcel->timer, simnet_clock(post->net), parcel_arrive, parcel);
    sim_timer_arm(&parcel->timer, simnet_now_ms(post->net) + ms);
    return parcel;
}

/* --- cutting --- */

static bool code(const char *text, bool ucs2, struct coded *out)
{
    int count = ucs2 ? -1 : sim_text_to_gsm7(text, out->unit, UNITS_ROOM);
    out->ucs2 = count < 0;
    if (count < 0)
        count = sim_text_to_ucs2(text, out->unit, 2 * SIM_POST_PARTS * PART_UNITS) / 2;
    out->count = (size_t)count;
    return count > 0 || !*text;
}

/* Where a part that begins at `from` ends: no letter of two units is cut. */
static size_t part_end(const struct coded *coded, size_t from, size_t most)
{
    size_t end = from + most < coded->count ? from + most : coded->count;
    bool half =
        coded->ucs2 ? (coded->unit[2 * end - 2] & 0xfc) == 0xd8 : coded->unit[end - 1] == 0x1b;
    return half && end < coded->count && end > from + 1 ? end - 1 : end;
}

/* The ends of the parts; how many there are, 0: too many. */
static unsigned cut(const struct coded *coded, unsigned parts, size_t end[SIM_POST_PARTS])
{
    size_t one = coded->ucs2 ? ONE_UNITS : ONE_SEPTETS,
           most = coded->ucs2 ? PART_UNITS : PART_SEPTETS;
    unsigned count = 0;
    end[0] = coded->count;
    if (parts <= 1 && coded->count <= one)
        return 1;
    if (parts > 1 && (coded->count + parts - 1) / parts < most)
        most = (coded->count + parts - 1) / parts;
    for (size_t at = 0; at < coded->count; at = end[count++]) {
        if (count == SIM_POST_PARTS)
            return 0;
        end[count] = part_end(coded, at, most);
    }
    return count ? count : 1;
}

static void fill(struct sim_parcel *parcel, const struct coded *coded, size_t from, size_t to)
{
    size_t count = to - from, octets = parcel->deliver.header ? HEADER : 0;
    size_t skip = parcel->deliver.header ? HEADER_SEPTETS : 0;
    if (coded->ucs2) {
        memcpy(parcel->data + octets, coded->unit + 2 * from, 2 * count);
        parcel->deliver.units = parcel->deliver.user_data_len = (uint8_t)(octets + 2 * count);
        parcel->deliver.dcs = 8;
    } else {
        sim_septets_pack(coded->unit + from, count, skip, parcel->data);
        parcel->deliver.units = (uint8_t)(skip + count);
        parcel->deliver.user_data_len = (uint8_t)(((skip + count) * 7 + 7) / 8);
    }
}

/* --- sending --- */

static unsigned turn(struct sim_post *post, enum sim_post_order order, unsigned i, unsigned count,
                     unsigned *left)
{
    unsigned wanted = 0;
    switch (order) {
    case SIM_POST_IN_ORDER:
        return i;
    case SIM_POST_REVERSED:
        return count - 1 - i;
    case SIM_POST_SHUFFLED:
        wanted = (unsigned)(simnet_random(post->net) % (count - i));
        break;
    }
    for (unsigned part = 0; part < count; part++) /* the wanted one of those that are left */
        if ((*left & 1u << part) && wanted-- == 0) {
            *left &= ~(1u << part);
            return part;
        }
    return 0;
}

static void send_between(struct sim_post *post, const struct sim_letter *letter, int64_t ms)
{
    struct coded coded;
    size_t end[SIM_POST_PARTS];
    if (!letter->between || !code(letter->between, false, &coded) || cut(&coded, 1, end) != 1)
        return;
    fill(parcel_new(post, letter->between_from, letter->to, ms), &coded, 0, coded.count);
}

bool sim_post_fits(const char *text, bool ucs2)
{
    struct coded coded;
    size_t end[SIM_POST_PARTS];
    return code(text, ucs2, &coded) && cut(&coded, 1, end) > 0;
}

bool sim_post_send(struct sim_post *post, const struct sim_letter *letter)
{
    struct coded coded;
    size_t end[SIM_POST_PARTS];
    unsigned count = code(letter->text, letter->ucs2, &coded) ? cut(&coded, letter->parts, end) : 0;
    unsigned left = (1u << count) - 1;
    int64_t ms = letter->ms;
    if (!count)
        return false;
    if (count == 1)
        send_between(post, letter, ms);
    for (unsigned i = 0; i < count; i++, ms += letter->gap_ms) {
        unsigned part = turn(post, letter->order, i, count, &left);
        if (part + 1 == letter->lost)
            continue;
        struct sim_parcel *parcel = parcel_new(post, letter->from, letter->to, ms);
        if (count > 1) {
            const uint8_t header[HEADER] = {
                5, 0, 3, post->ref, (uint8_t)count, (uint8_t)(part + 1)};
            memcpy(parcel->data, header, sizeof header);
            parcel->deliver.header = true;
        }
        fill(parcel, &coded, part ? end[part - 1] : 0, end[part]);
        if (i == 0 && count > 1)
            send_between(post, letter, ms);
    }
    post->ref += count > 1;
    return true;
}
