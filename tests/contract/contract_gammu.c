/* contract_gammu: the driver for phones that speak no AT, on libgammu's dummy phone: a folder. The
 * real helper process, the real sandbox. What the dummy cannot show: it keeps nothing of what it
 * was given to send, its reference is always 255, it is always registered, and it never fails:
 * those cases are skipped here and stand in unit.gammu_link, with a helper of the test's own. */
#include "contract.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "gammu_link.h"
#include "gammu_port.h"

static unsigned written;

static void path_of(const struct rig *rig, const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", rig->dir, name);
}

static void plug(struct rig *rig)
{
    char phone[128], away[128];
    path_of(rig, "phone", phone);
    path_of(rig, "away", away);
    if (rename(away, phone) != 0)
        (void)mkdir(phone, 0700);
}

/* The folder goes, and what has it open notices: as a phone that is unplugged ends its helper. */
static void pull(struct rig *rig)
{
    char phone[128], away[128], command[160];
    path_of(rig, "phone", phone);
    path_of(rig, "away", away);
    (void)rename(phone, away);
    snprintf(command, sizeof command, "pkill -KILL -P %d -x otpgate-gammu", (int)getpid());
    (void)!system(command); /* NOLINT(cert-env33-c): a constant and our own number */
}

static struct link *make(struct rig *rig, const struct link_sink *sink, void *ctx)
{
    char phone[128];
    struct port *port = NULL;
    path_of(rig, "phone", phone);
    const struct gammu_port_config where = {
        .program = HELPER, .connection = "none", .device = phone, .model = "dummy", .smsc = ""};
    const struct gammu_link_config config = {.name = "dummy", .keepalive_s = 1, .owns_port = true};
    assert_int_equal(gammu_port_new(rig->loop, &where, &port), 0);
    return gammu_link_new(rig->loop, port, &config, sink, ctx);
}

/* A file in the dummy's inbox, in the format of libgammu's backups. */
static void write_message(struct rig *rig, const char *params)
{
    char folder[160], path[200], from[32] = "", text[64] = "";
    assert_int_equal(sscanf(params, "\"from\":\"%31[^\"]\",\"text\":\"%63[^\"]\"", from, text), 2);
    plug(rig);
    static const char *const folders[] = {"phone/sms", "phone/sms/1"};
    for (size_t i = 0; i < 2; i++) {
        path_of(rig, folders[i], folder);
        (void)mkdir(folder, 0700);
    }
    snprintf(path, sizeof path, "%s/%u", folder, ++written);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "[SMSBackup000]\nPDU = Deliver\nDateTime = 20261125T190648Z\nState = UnRead\n"
            "Number = \"%s\"\nNumberUnicode = ",
            from);
    for (const char *at = from; *at; at++)
        fprintf(file, "%04X", (unsigned)*at);
    fprintf(file, "\nText00 = ");
    for (const char *at = text; *at; at++)
        fprintf(file, "%04X", (unsigned)*at);
    fprintf(file, "\nCoding = Default_No_Compression\nFolder = 1\nLength = %zu\nClass = -1\n",
            strlen(text));
    fclose(file);
}

static bool steer(struct rig *rig, const char *method, const char *params)
{
    if (strcmp(method, "write") == 0)
        write_message(rig, params);
    else if (strcmp(method, "stats") == 0)
        strcpy(rig->reply, "994299429942994");
    else
        return strcmp(method, "timing") == 0; /* it takes no time */
    return true;
}

int main(void)
{
    static const struct contract_fixture fixture = {.name = "dummy",
                                                    .plug = plug,
                                                    .pull = pull,
                                                    .steer = steer,
                                                    .same_reference = true,
                                                    .make = make};
    return contract_run(&fixture);
}
