/* A library to be loaded before all others (LD_PRELOAD): one call of the system fails, or ends its
 * process.
 *
 * FAULT_FOLDER  Only calls on files in this folder count, and all that follow one if FAULT_ALL is
 *               set.
 * FAULT_CALL    The name of the call: read, write, close, fsync, rename, open, link, unlink, mkdir,
 *               rmdir, chmod, truncate. Variants (pread, writev, renameat, ...) are the same call.
 * FAULT_AT      Which of them, from 1, of all processes together; 0: none.
 * FAULT_DO      EIO or ENOSPC: it fails so and does nothing; KILL: its process is killed before it;
 *               KILLALL: all processes of its group are.
 * FAULT_STATE   A file of 8 bytes with how many there were.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *folder, *wanted;
static long at;
static int action; /* an errno, -1 to kill the process, -2 to kill its group */
static int all;
static long *count; /* shared by all processes: calls, and whether the folder was seen */

__attribute__((constructor)) static void begin(void) {
    const char *state = getenv("FAULT_STATE"), *what = getenv("FAULT_DO");
    folder = getenv("FAULT_FOLDER");
    wanted = getenv("FAULT_CALL");
    if (!folder || !wanted || !state || !what) {
        wanted = NULL;
        return;
    }
    at = atol(getenv("FAULT_AT") ? getenv("FAULT_AT") : "0");
    all = getenv("FAULT_ALL") != NULL;
    action = !strcmp(what, "EIO") ? EIO : !strcmp(what, "ENOSPC") ? ENOSPC : !strcmp(what, "KILL") ? -1 : -2;
    int handle = syscall(SYS_openat, AT_FDCWD, state, O_RDWR);
    if (handle >= 0) {
        count = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
        syscall(SYS_close, handle);
    }
    if (handle < 0 || count == MAP_FAILED)
        wanted = NULL;
}

static int inside(int handle, const char *path) {
    char name[64], found[4096];
    if (path && path[0] == '/')
        return !strncmp(path, folder, strlen(folder));
    if (path) { /* the tests run in the folder */
        if (handle == AT_FDCWD)
            return 1;
    }
    snprintf(name, sizeof name, "/proc/self/fd/%d", handle);
    long size = syscall(SYS_readlinkat, AT_FDCWD, name, found, sizeof found - 1);
    if (size < 0)
        return 0;
    found[size] = 0;
    return !strncmp(found, folder, strlen(folder));
}

/* Whether this call is to fail. */
static int fails(const char *call, int handle, const char *path) {
    int saved = errno;
    if (!wanted || (strcmp(call, wanted) && !all))
        return 0;
    int here = inside(handle, path);
    if (here)
        __atomic_store_n(count + 1, 1, __ATOMIC_SEQ_CST);
    int counts = here || (all && __atomic_load_n(count + 1, __ATOMIC_SEQ_CST));
    if (strcmp(call, wanted) || !counts) {
        errno = saved;
        return 0;
    }
    if (__atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST) != at) {
        errno = saved;
        return 0;
    }
    if (action == -1)
        syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    if (action == -2)
        syscall(SYS_kill, 0, SIGKILL);
    errno = action;
    return 1;
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))
#define WRAP(result, name, call, handle, path, parameters, ...)                                    \
    result name parameters {                                                                       \
        static typeof(&name) real;                                                                 \
        if (!real)                                                                                 \
            real = REAL(name);                                                                     \
        if (fails(call, handle, path))                                                             \
            return -1;                                                                             \
        return real(__VA_ARGS__);                                                                  \
    }

WRAP(ssize_t, read, "read", fd, NULL, (int fd, void *b, size_t n), fd, b, n)
WRAP(ssize_t, pread, "read", fd, NULL, (int fd, void *b, size_t n, off_t o), fd, b, n, o)
WRAP(ssize_t, pread64, "read", fd, NULL, (int fd, void *b, size_t n, off64_t o), fd, b, n, o)
WRAP(ssize_t, readv, "read", fd, NULL, (int fd, const struct iovec *v, int n), fd, v, n)
WRAP(ssize_t, write, "write", fd, NULL, (int fd, const void *b, size_t n), fd, b, n)
WRAP(ssize_t, pwrite, "write", fd, NULL, (int fd, const void *b, size_t n, off_t o), fd, b, n, o)
WRAP(ssize_t, pwrite64, "write", fd, NULL, (int fd, const void *b, size_t n, off64_t o), fd, b, n, o)
WRAP(ssize_t, writev, "write", fd, NULL, (int fd, const struct iovec *v, int n), fd, v, n)
WRAP(int, fsync, "fsync", fd, NULL, (int fd), fd)
WRAP(int, fdatasync, "fsync", fd, NULL, (int fd), fd)
WRAP(int, ftruncate, "truncate", fd, NULL, (int fd, off_t n), fd, n)
WRAP(int, ftruncate64, "truncate", fd, NULL, (int fd, off64_t n), fd, n)
WRAP(int, fchmod, "chmod", fd, NULL, (int fd, mode_t m), fd, m)
WRAP(int, chmod, "chmod", AT_FDCWD, p, (const char *p, mode_t m), p, m)
WRAP(int, rename, "rename", AT_FDCWD, q, (const char *p, const char *q), p, q)
WRAP(int, renameat, "rename", e, q, (int d, const char *p, int e, const char *q), d, p, e, q)
WRAP(int, link, "link", AT_FDCWD, p, (const char *p, const char *q), p, q)
WRAP(int, linkat, "link", d, p, (int d, const char *p, int e, const char *q, int f), d, p, e, q, f)
WRAP(int, unlink, "unlink", AT_FDCWD, p, (const char *p), p)
WRAP(int, unlinkat, "unlink", d, p, (int d, const char *p, int f), d, p, f)
WRAP(int, rmdir, "rmdir", AT_FDCWD, p, (const char *p), p)
WRAP(int, mkdir, "mkdir", AT_FDCWD, p, (const char *p, mode_t m), p, m)
WRAP(int, mkdirat, "mkdir", d, p, (int d, const char *p, mode_t m), d, p, m)

/* A close that fails has closed all the same, as on Linux. */
int close(int fd) {
    int failed = fails("close", fd, NULL), error = errno;
    int result = syscall(SYS_close, fd);
    if (failed)
        errno = error;
    return failed ? -1 : result;
}

#define MODE                                                                                       \
    mode_t mode = 0;                                                                               \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                           \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode = va_arg(rest, mode_t);                                                               \
        va_end(rest);                                                                              \
    }
#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...) {                                                   \
        MODE if (fails("open", AT_FDCWD, path)) return -1;                                         \
        return syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode);                     \
    }
#define OPENAT(name)                                                                               \
    int name(int handle, const char *path, int flags, ...) {                                       \
        MODE if (fails("open", handle, path)) return -1;                                           \
        return syscall(SYS_openat, handle, path, flags | O_LARGEFILE, mode);                       \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
