/* rescue: the real one. Writing to `authorized` takes the drivers off a device and back on, which
 * in a hung one may wait for seconds in the kernel: a child does it, never the loop. */
#include "rescue.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "child.h"
#include "text.h"

enum {
    USB_WRITE_MS =
        20000, /* a control transfer that is not answered takes 5 s, and there are some */
    USB_OFF_MS = 1000,
    USB_TRIES = 3, /* to put it back */
    POWER_MS = 30000,
    LINKS_MAX = 8,
    WORDS_MAX = 16,
    COMMAND_MAX = 256,
    WHO_ROOM = 48,
};
static char echo[] = "/bin/echo";

struct real {
    struct rescue rescue; /* first */
    struct loop *loop;
    char sysfs[64];
    struct real *next;
    char usb[PATH_MAX]; /* folder of the device; "": not known */
    char who[WHO_ROOM]; /* and which one was there */
    bool known, ousted; /* it is our modem's; it has become another's of ours */
    char command[COMMAND_MAX];
    char *words[WORDS_MAX + 1];
    char modem_env[96], port_env[288];
    struct child *child;
    struct loop_timer off;
    bool is_off;
    int tries;
    rescue_done_fn *done;
    void *arg;
};

/* All that there are: a socket belongs to the one that has opened its modem there last. */
static struct real *reals;

static struct real *real_of(struct rescue *rescue)
{
    return (struct real *)rescue;
}

/* --- which USB device --- */

static bool has_file(const char *folder, const char *name)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

/* The tty's device in sysfs. Links are followed one by one, until sysfs knows the name: what a name
 * leads to may have a name of its own. */
static bool find_device(const struct real *real, const char *place, char device[PATH_MAX])
{
    char now[PATH_MAX], target[PATH_MAX], link[PATH_MAX + 96];
    if (place[0] != '/' || !text_copy(now, sizeof(now), place))
        return false;
    for (unsigned links = 0; links < LINKS_MAX; links++) {
        const char *base = strrchr(now, '/') + 1;
        snprintf(link, sizeof(link), "%s/class/tty/%s/device", real->sysfs, base);
        if (access(link, F_OK) == 0)
            return realpath(link, device) != NULL;
        ssize_t len = readlink(now, target, sizeof(target) - 1);
        size_t dir_len = len > 0 && target[0] == '/' ? 0 : (size_t)(base - now);
        if (len <= 0 || dir_len + (size_t)len >= sizeof(now))
            return false;
        memcpy(now + dir_len, target, (size_t)len);
        now[dir_len + (size_t)len] = '\0';
    }
    return false;
}

/* From there upward to what has a vendor and can be authorised: the USB device, whose interfaces
 * and ports lie below it. */
static void find_usb(struct real *real, const char *place)
{
    char device[PATH_MAX];
    real->usb[0] = '\0';
    if (!find_device(real, place, device))
        return;
    size_t root_len = strlen(real->sysfs);
    char *end;
    while ((end = strrchr(device, '/')) && end > device + root_len) {
        if (has_file(device, "idVendor") && has_file(device, "authorized")) {
            (void)text_copy(real->usb, sizeof(real->usb), device);
            return;
        }
        *end = '\0';
    }
}

/* A folder is a socket, whatever is plugged in there; `devnum` is given anew each time. Not by its
 * serial number: to read that waits for a device that hangs, and many sticks share one. */
static void who_is_there(const struct real *real, char who[WHO_ROOM])
{
    static const char *const files[] = {"devnum", "idVendor", "idProduct"};
    size_t len = 0;
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        char path[PATH_MAX + 16];
        snprintf(path, sizeof(path), "%s/%s", real->usb, files[i]);
        FILE *in = fopen(path, "re");
        if (in && fgets(who + len, WHO_ROOM - (int)len, in))
            len += strlen(who + len);
        if (in)
            (void)fclose(in);
    }
    who[len] = '\0';
}

static bool is_there(const struct real *real)
{
    char who[WHO_ROOM];
    if (!real->known)
        return false;
    who_is_there(real, who);
    return strcmp(who, real->who) == 0;
}

static void oust_others(const struct real *real)
{
    for (struct real *other = reals; other; other = other->next)
        if (other != real && strcmp(other->usb, real->usb) == 0 &&
            strcmp(other->who, real->who) != 0) {
            other->known = false;
            other->ousted = true;
        }
}

static void real_note(struct rescue *rescue, const char *place)
{
    struct real *real = real_of(rescue);
    if (!place) {
        real->known = false;
        return;
    }
    snprintf(real->port_env, sizeof(real->port_env), "OTPGATE_PORT=%s", place);
    find_usb(real, place);
    real->ousted = false;
    real->known = real->usb[0] != '\0';
    if (!real->known)
        return;
    who_is_there(real, real->who);
    oust_others(real);
}

static void authorized_of(const struct real *real, char path[PATH_MAX + 16])
{
    snprintf(path, PATH_MAX + 16, "%s/authorized", real->usb);
}

static bool real_can(const struct rescue *rescue, enum rescue_way way)
{
    const struct real *real = (const struct real *)rescue;
    char path[PATH_MAX + 16];
    switch (way) {
    case RESCUE_USB:
        authorized_of(real, path);
        return is_there(real) && access(path, W_OK) == 0;
    case RESCUE_POWER:
        return real->words[0] != NULL && !real->ousted;
    }
    return false;
}

/* --- doing it --- */

static void real_end(struct real *real, int result)
{
    rescue_done_fn *done = real->done;
    real->done = NULL;
    done(real->arg, result);
}

static int usb_write(struct real *real, bool on, void (*done)(void *arg, int status))
{
    static char zero[] = "0", one[] = "1";
    char path[PATH_MAX + 16];
    char *argv[] = {echo, on ? one : zero, NULL};
    const struct child_config config = {.argv = argv, .output = path, .timeout_ms = USB_WRITE_MS};
    authorized_of(real, path);
    return child_start(real->loop, &config, done, real, &real->child);
}

static void usb_on(struct real *real);

static void usb_is_on(void *arg, int status)
{
    struct real *real = arg;
    real->child = NULL;
    if (status != 0 && real->tries < USB_TRIES) {
        loop_timer_arm_in(&real->off, USB_OFF_MS);
        return;
    }
    real->is_off = false;
    real_end(real, status > 0 ? -EIO : status);
}

static void usb_on(struct real *real)
{
    real->tries++;
    int rc = usb_write(real, true, usb_is_on);
    if (rc < 0)
        usb_is_on(real, rc);
}

static void usb_on_timer(void *arg)
{
    usb_on(arg);
}

static void usb_is_off(void *arg, int status)
{
    struct real *real = arg;
    real->child = NULL;
    if (status > 0) { /* not permitted after all: it never went off */
        real->is_off = false;
        real_end(real, -EACCES);
        return;
    }
    loop_timer_arm_in(&real->off, USB_OFF_MS);
}

static void power_done(void *arg, int status)
{
    struct real *real = arg;
    real->child = NULL;
    real_end(real, status);
}

static int power_start(struct real *real)
{
    static char path_env[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    char *envp[] = {path_env, real->modem_env, real->port_env, NULL};
    const struct child_config config = {.argv = real->words, .envp = envp, .timeout_ms = POWER_MS};
    return child_start(real->loop, &config, power_done, real, &real->child);
}

static int real_start(struct rescue *rescue, enum rescue_way way, rescue_done_fn *done, void *arg)
{
    struct real *real = real_of(rescue);
    int rc = -EINVAL;
    assert(!real->done);
    switch (way) {
    case RESCUE_USB:
        real->tries = 0;
        rc = usb_write(real, false, usb_is_off);
        real->is_off = rc == 0;
        break;
    case RESCUE_POWER:
        rc = power_start(real);
        break;
    }
    if (rc < 0)
        return rc;
    real->done = done;
    real->arg = arg;
    return 0;
}

static void nobody_asks(void *arg, int status)
{
    (void)arg;
    (void)status;
}

static void real_stop(struct rescue *rescue)
{
    struct real *real = real_of(rescue);
    loop_timer_cancel(&real->off);
    if (real->child)
        child_forget(real->child, !real->is_off); /* a write under way is let go on */
    real->child = NULL;
    if (real->is_off && usb_write(real, true, nobody_asks) == 0)
        child_forget(real->child, false);
    real->child = NULL;
    real->is_off = false;
    real->done = NULL;
}

static void real_free(struct rescue *rescue)
{
    struct real **at = &reals;
    real_stop(rescue);
    while (*at != real_of(rescue))
        at = &(*at)->next;
    *at = (*at)->next;
    free(real_of(rescue));
}

static const struct rescue_ops real_ops = {
    .note = real_note,
    .can = real_can,
    .start = real_start,
    .stop = real_stop,
    .free = real_free,
};

/* --- making one --- */

static bool split_words(struct real *real)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(real->command, " ", &rest); word;
         word = strtok_r(NULL, " ", &rest)) {
        if (count == WORDS_MAX)
            return false;
        real->words[count++] = word;
    }
    return count == 0 || real->words[0][0] == '/';
}

int rescue_new(struct loop *loop, const struct rescue_config *config, struct rescue **out)
{
    struct real *real = calloc(1, sizeof(*real));
    if (!real)
        return -ENOMEM;
    real->rescue.ops = &real_ops;
    real->loop = loop;
    loop_timer_init(&real->off, loop, usb_on_timer, real);
    (void)text_copy(real->sysfs, sizeof(real->sysfs), config->sysfs ? config->sysfs : "/sys");
    snprintf(real->modem_env, sizeof(real->modem_env), "OTPGATE_MODEM=%s", config->name);
    snprintf(real->port_env, sizeof(real->port_env), "OTPGATE_PORT=");
    if (!text_copy(real->command, sizeof(real->command), config->command ? config->command : "") ||
        !split_words(real)) {
        free(real);
        return -EINVAL;
    }
    real->next = reals;
    reals = real;
    *out = &real->rescue;
    return 0;
}

void rescue_note(struct rescue *rescue, const char *place)
{
    rescue->ops->note(rescue, place);
}

bool rescue_can(const struct rescue *rescue, enum rescue_way way)
{
    return rescue->ops->can(rescue, way);
}

int rescue_start(struct rescue *rescue, enum rescue_way way, rescue_done_fn *done, void *arg)
{
    return rescue->ops->start(rescue, way, done, arg);
}

void rescue_stop(struct rescue *rescue)
{
    rescue->ops->stop(rescue);
}

void rescue_free(struct rescue *rescue)
{
    if (rescue)
        rescue->ops->free(rescue);
}
