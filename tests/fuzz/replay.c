/* replay: runs a fuzz target once over every file of the folders given. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    size_t room = 1u << 20;
    uint8_t *bytes = malloc(room);
    size_t len = bytes ? fread(bytes, 1, room, file) : 0;
    fclose(file);
    if (bytes) {
        /* a copy of the exact size: a sanitizer then sees one byte too many */
        uint8_t *exact = malloc(len ? len : 1);
        for (size_t i = 0; exact && i < len; i++)
            exact[i] = bytes[i];
        LLVMFuzzerTestOneInput(exact, len);
        free(exact);
    }
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (!dir) {
            perror(argv[i]);
            return 1;
        }
        for (struct dirent *entry; (entry = readdir(dir));) {
            char path[4096];
            if (entry->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            failed |= replay_file(path);
            count++;
        }
        closedir(dir);
    }
    printf("%u inputs replayed\n", count);
    return failed || count == 0;
}
