/* Preloaded, kills the process with SIGKILL once it has written so many lines, and so many bytes after them, of a transcript.
   Where the lines end a write and bytes are to follow, it dies in the next write: after all that was done in between.
   With FAIL_WITH=ERRNO it does not die: that write, and every later one of the transcript, fails. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static long lines = -1, bytes, failing, failed;

static int is_transcript(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    const char *name = "/transcript.jsonl";
    size_t n = strlen(name);
    return (size_t)length >= n && !strcmp(path + length - n, name);
}

ssize_t write(int fd, const void *buffer, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) {
        real = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
        if (getenv("DIE_AFTER_LINES")) lines = atol(getenv("DIE_AFTER_LINES"));
        if (getenv("FAIL_WITH")) failing = atol(getenv("FAIL_WITH"));
        if (getenv("DIE_AFTER_BYTES")) bytes = atol(getenv("DIE_AFTER_BYTES"));
    }
    if (lines < 0 || !is_transcript(fd)) return real(fd, buffer, size);
    if (failed) {
        errno = failing;
        return -1;
    }
    size_t upto = 0;
    const char *text = buffer;
    while (upto < size && lines > 0) if (text[upto++] == '\n') lines--;
    if (lines > 0 || (upto == size && bytes > 0)) return real(fd, buffer, size);
    /* The next newline is not reached: the line is torn. */
    const char *end = memchr(text + upto, '\n', size - upto);
    long most = end ? end - (text + upto) : (long)(size - upto);
    if (bytes > most) bytes = most;
    if (upto + bytes > 0) real(fd, buffer, upto + bytes);
    if (failing) {
        failed = 1;
        errno = failing;
        return upto + bytes > 0 ? (ssize_t)(upto + bytes) : -1;
    }
    kill(getpid(), SIGKILL);
    pause();
    return -1;
}
