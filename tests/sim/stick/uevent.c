/* uevent: tells the programs in a simulated stick's world that a port came or went, as udevd would.
 *
 *   uevent ROOT ACTION DEVPATH KEY=VALUE...
 *
 * libumockdev-preload gives every udev monitor a Unix socket ROOT/event<fd> in place of its netlink
 * socket; what is sent there is a message of udevd's: a header of 40 bytes, then the properties.
 * Our own because libumockdev's test bed ends the program when one tty is added twice. */
#include <arpa/inet.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct header {
    char prefix[8];
    uint32_t magic, header_size, properties_at, properties_len;
    uint32_t subsystem_hash, devtype_hash, tags_high, tags_low;
};
_Static_assert(sizeof(struct header) == 40, "as udevd sends it");

/* MurmurHash2, 32 bits, seed 0: what the monitor's socket filter compares. */
static uint32_t hash(const char *text)
{
    const uint32_t mix = 0x5bd1e995;
    size_t len = strlen(text);
    uint32_t value = (uint32_t)len;
    for (; len >= 4; text += 4, len -= 4) {
        uint32_t word;
        memcpy(&word, text, sizeof word);
        word *= mix;
        word = (word ^ word >> 24) * mix;
        value = value * mix ^ word;
    }
    uint32_t rest = 0;
    for (size_t i = 0; i < len; i++)
        rest |= (uint32_t)(unsigned char)text[i] << 8 * i;
    if (len > 0)
        value = (value ^ rest) * mix;
    value = (value ^ value >> 13) * mix;
    return value ^ value >> 15;
}

static size_t put(char *out, size_t at, size_t room, const char *key, const char *value)
{
    int len = snprintf(out + at, room - at, "%s%s", key, value);
    if (len < 0 || at + (size_t)len + 1 > room) {
        fputs("uevent: too long\n", stderr);
        exit(1);
    }
    return at + (size_t)len + 1;
}

static void send_all(const char *root, const void *message, size_t len)
{
    DIR *dir = opendir(root);
    int fd = socket(AF_UNIX, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (!dir || fd < 0) {
        perror("uevent");
        exit(1);
    }
    for (const struct dirent *entry; (entry = readdir(dir));) {
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        int made = snprintf(to.sun_path, sizeof to.sun_path, "%s/%s", root, entry->d_name);
        if (strncmp(entry->d_name, "event", strlen("event")) != 0 || made < 0 ||
            (size_t)made >= sizeof to.sun_path)
            continue;
        /* one whose program has ended is still there: nobody hears it */
        (void)sendto(fd, message, len, 0, (struct sockaddr *)&to, sizeof to);
    }
    close(fd);
    closedir(dir);
}

int main(int argc, char **argv)
{
    static char message[4096];
    struct header header = {.prefix = "libudev",
                            .magic = htonl(0xfeedcafe),
                            .header_size = sizeof header,
                            .properties_at = sizeof header,
                            .subsystem_hash = htonl(hash("tty"))};
    size_t at = sizeof header;
    char seqnum[32];
    struct timespec now;
    if (argc < 4) {
        fputs("usage: uevent ROOT ACTION DEVPATH KEY=VALUE...\n", stderr);
        return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(seqnum, sizeof seqnum, "%lld", (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    at = put(message, at, sizeof message, "ACTION=", argv[2]);
    at = put(message, at, sizeof message, "DEVPATH=", argv[3]);
    at = put(message, at, sizeof message, "SUBSYSTEM=", "tty");
    at = put(message, at, sizeof message, "SEQNUM=", seqnum);
    for (int i = 4; i < argc; i++)
        at = put(message, at, sizeof message, argv[i], "");
    header.properties_len = (uint32_t)(at - sizeof header);
    memcpy(message, &header, sizeof header);
    send_all(argv[1], message, at);
    return 0;
}
