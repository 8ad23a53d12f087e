/* wire_schema: a value held against a schema of openrpc.json. */
#include "wire_schema.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { REF_HOPS_MAX = 8, WORD_MAX = 40, PATH_MAX_BYTES = 160 };

struct check {
    const json_t *root;
    char path[PATH_MAX_BYTES]; /* "topics[1]"; "" at the top */
    char *why;
    size_t room;
};

static int check_value(struct check *check, const json_t *schema, const json_t *value);

static int refuse(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static int refuse(struct check *check, const char *format, ...)
{
    int used = 0;
    if (check->path[0])
        used = snprintf(check->why, check->room, "%s ", check->path);
    if (used < 0 || (size_t)used >= check->room)
        return -EINVAL;
    va_list args;
    va_start(args, format);
    vsnprintf(check->why + used, check->room - (size_t)used, format, args);
    va_end(args);
    return -EINVAL;
}

/* jansson walks over a json_t * only, though it changes nothing. */
static json_t *walkable(const json_t *object)
{
    union {
        const json_t *given;
        json_t *wanted;
    } same = {.given = object};
    return same.wanted;
}

const json_t *wire_schema_resolve(const json_t *root, const json_t *schema)
{
    for (int hops = 0; hops < REF_HOPS_MAX; hops++) {
        const char *ref = json_string_value(json_object_get(schema, "$ref"));
        if (!ref)
            return schema;
        if (strncmp(ref, "#/", 2) != 0)
            return NULL;
        schema = root;
        for (const char *at = ref + 2; schema;) {
            size_t len = strcspn(at, "/");
            schema = json_object_getn(schema, at, len);
            if (at[len] == '\0')
                break;
            at += len + 1;
        }
    }
    return NULL;
}

/* --- nearest name --------------------------------------------------------------------------------
 */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, change, swap of neighbours) from `a` to `b`, both at most WORD_MAX long.
 */
static size_t word_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t cost[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t i = 0; i <= a_len; i++)
        cost[i][0] = i;
    for (size_t j = 0; j <= b_len; j++)
        cost[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            cost[i][j] = least(change, least(cost[i - 1][j], cost[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = least(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a_len][b_len];
}

const char *wire_schema_nearest(const json_t *properties, const char *word)
{
    const char *nearest = NULL;
    size_t len = strlen(word), best = 4;
    if (len > WORD_MAX)
        return NULL;
    for (void *it = json_object_iter(walkable(properties)); it;
         it = json_object_iter_next(walkable(properties), it)) {
        const char *name = json_object_iter_key(it);
        size_t name_len = strlen(name);
        if (name_len > WORD_MAX)
            continue;
        size_t distance = word_distance(word, len, name, name_len);
        if (distance < best && distance * 2 <= name_len) {
            best = distance;
            nearest = name;
        }
    }
    return nearest;
}

/* --- types ---------------------------------------------------------------------------------------
 */

static bool type_is(const char *type, const json_t *value)
{
    static const struct {
        const char *name;
        json_type first, second;
    } types[] = {
        {"object", JSON_OBJECT, JSON_OBJECT}, {"array", JSON_ARRAY, JSON_ARRAY},
        {"string", JSON_STRING, JSON_STRING}, {"integer", JSON_INTEGER, JSON_INTEGER},
        {"number", JSON_INTEGER, JSON_REAL},  {"boolean", JSON_TRUE, JSON_FALSE},
        {"null", JSON_NULL, JSON_NULL},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, type) == 0)
            return json_typeof(value) == types[i].first || json_typeof(value) == types[i].second;
    return false;
}

static int check_type(struct check *check, const json_t *schema, const json_t *value)
{
    const json_t *type = json_object_get(schema, "type");
    if (json_is_string(type) && !type_is(json_string_value(type), value))
        return refuse(check, "must be of type %s", json_string_value(type));
    if (json_is_array(type)) {
        bool one = false;
        for (size_t i = 0; i < json_array_size(type); i++)
            one = one || type_is(json_string_value(json_array_get(type, i)), value);
        if (!one)
            return refuse(check, "is of the wrong type");
    }
    return 0;
}

static int check_enum(struct check *check, const json_t *schema, const json_t *value)
{
    const json_t *values = json_object_get(schema, "enum");
    if (!values)
        return 0;
    char list[120] = "";
    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *allowed = json_array_get(values, i);
        if (json_equal(allowed, value))
            return 0;
        size_t used = strlen(list);
        if (json_is_string(allowed))
            snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "",
                     json_string_value(allowed));
    }
    return refuse(check, "must be one of %s", list);
}

static int check_number(struct check *check, const json_t *schema, const json_t *value)
{
    const json_t *minimum = json_object_get(schema, "minimum");
    const json_t *maximum = json_object_get(schema, "maximum");
    if (minimum && json_number_value(value) < json_number_value(minimum))
        return refuse(check, "must be at least %.15g", json_number_value(minimum));
    if (maximum && json_number_value(value) > json_number_value(maximum))
        return refuse(check, "must be at most %.15g", json_number_value(maximum));
    return 0;
}

static int check_string(struct check *check, const json_t *schema, const json_t *value)
{
    const json_t *minimum = json_object_get(schema, "minLength");
    const json_t *maximum = json_object_get(schema, "maxLength");
    const json_t *bytes = json_object_get(schema, "x-max-bytes");
    json_int_t count = 0;
    for (const char *s = json_string_value(value); *s; s++)
        count += ((unsigned char)*s & 0xC0) != 0x80;
    if (minimum && count < json_integer_value(minimum))
        return refuse(check, "must have at least %lld characters",
                      (long long)json_integer_value(minimum));
    if (maximum && count > json_integer_value(maximum))
        return refuse(check, "must have at most %lld characters",
                      (long long)json_integer_value(maximum));
    if (bytes && (json_int_t)json_string_length(value) > json_integer_value(bytes))
        return refuse(check, "must have at most %lld bytes", (long long)json_integer_value(bytes));
    return 0;
}

/* --- what holds others ---------------------------------------------------------------------------
 */

/* Checks one child under its own path, then goes back to ours. */
static int check_child(struct check *check, const char *name, size_t index, const json_t *schema,
                       const json_t *value)
{
    size_t used = strlen(check->path);
    if (name)
        snprintf(check->path + used, sizeof check->path - used, "%s%s", used ? "." : "", name);
    else
        snprintf(check->path + used, sizeof check->path - used, "[%zu]", index);
    int rc = check_value(check, schema, value);
    check->path[used] = '\0';
    return rc;
}

/* A name may be said again only if it looks like one: it might be a code in the wrong place. */
static bool name_is_plain(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-");
    return len > 0 && len <= WORD_MAX && name[len] == '\0';
}

static int refuse_unknown(struct check *check, const json_t *properties, const char *name)
{
    const char *nearest = wire_schema_nearest(properties, name);
    if (!name_is_plain(name))
        return refuse(check, "has a member that is not known");
    if (nearest)
        return refuse(check, "has no member %s; did you mean %s?", name, nearest);
    return refuse(check, "has no member %s", name);
}

static int check_object(struct check *check, const json_t *schema, const json_t *value)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *others = json_object_get(schema, "additionalProperties");
    const json_t *required = json_object_get(schema, "required");
    const char *name;
    json_t *member;
    /* the unknown first: with a mistyped name the wanted one is missing too, and the mistake is the
     * news */
    json_object_foreach(walkable(value), name, member)
    {
        if (json_is_false(others) && !json_object_get(properties, name))
            return refuse_unknown(check, properties, name);
    }
    for (size_t i = 0; i < json_array_size(required); i++) {
        const char *wanted = json_string_value(json_array_get(required, i));
        if (!json_object_get(value, wanted))
            return refuse(check, "lacks the member %s", wanted);
    }
    json_object_foreach(walkable(value), name, member)
    {
        const json_t *rule = json_object_get(properties, name);
        if (!rule && json_is_object(others))
            rule = others;
        int rc = rule ? check_child(check, name, 0, rule, member) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int check_array(struct check *check, const json_t *schema, const json_t *value)
{
    const json_t *minimum = json_object_get(schema, "minItems");
    const json_t *maximum = json_object_get(schema, "maxItems");
    const json_t *items = json_object_get(schema, "items");
    json_int_t count = (json_int_t)json_array_size(value);
    if (minimum && count < json_integer_value(minimum))
        return refuse(check, "must have at least %lld items",
                      (long long)json_integer_value(minimum));
    if (maximum && count > json_integer_value(maximum))
        return refuse(check, "must have at most %lld items",
                      (long long)json_integer_value(maximum));
    for (size_t i = 0; i < json_array_size(value); i++) {
        int rc = items ? check_child(check, NULL, i, items, json_array_get(value, i)) : 0;
        if (rc < 0)
            return rc;
    }
    if (!json_is_true(json_object_get(schema, "uniqueItems")))
        return 0;
    for (size_t i = 0; i < json_array_size(value); i++)
        for (size_t j = 0; j < i; j++)
            if (json_equal(json_array_get(value, i), json_array_get(value, j)))
                return refuse(check, "must not hold the same twice");
    return 0;
}

/* Exactly one alternative must hold. Where each only asks for members, say which. */
static int check_one_of(struct check *check, const json_t *schema, const json_t *value)
{
    const json_t *choices = json_object_get(schema, "oneOf");
    size_t held = 0;
    char list[120] = "", deeper[8];
    for (size_t i = 0; i < json_array_size(choices); i++) {
        struct check quiet = {.root = check->root, .why = deeper, .room = sizeof deeper};
        const json_t *choice = json_array_get(choices, i);
        const char *wanted =
            json_string_value(json_array_get(json_object_get(choice, "required"), 0));
        size_t used = strlen(list);
        held += check_value(&quiet, choice, value) == 0;
        if (wanted)
            snprintf(list + used, sizeof list - used, "%s%s", i ? " or " : "", wanted);
    }
    if (!choices || held == 1)
        return 0;
    if (list[0])
        return refuse(check, "must have either %s%s", list, held ? ", not both" : "");
    return refuse(check, "fits %s of the forms it may have", held ? "several" : "none");
}

static int check_value(struct check *check, const json_t *schema, const json_t *value)
{
    schema = wire_schema_resolve(check->root, schema);
    if (!schema)
        return refuse(check, "is described by a reference that leads nowhere");
    int rc = check_type(check, schema, value);
    if (rc == 0)
        rc = check_enum(check, schema, value);
    if (rc == 0 && json_is_number(value))
        rc = check_number(check, schema, value);
    if (rc == 0 && json_is_string(value))
        rc = check_string(check, schema, value);
    if (rc == 0 && json_is_array(value))
        rc = check_array(check, schema, value);
    if (rc == 0 && json_is_object(value))
        rc = check_object(check, schema, value);
    if (rc == 0)
        rc = check_one_of(check, schema, value);
    return rc;
}

int wire_schema_check(const json_t *root, const json_t *schema, const json_t *value, char *why,
                      size_t room)
{
    struct check check = {.root = root, .why = why, .room = room};
    why[0] = '\0';
    return check_value(&check, schema, value);
}
