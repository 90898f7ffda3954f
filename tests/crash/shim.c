/*
 * Preloaded into the process under test. It writes down, in one order, everything that the process does
 * to the files of one folder, and what it says on its sockets; and it lets the folder's disk fail.
 *
 *   SHIM_FOLDER  files in this folder are watched
 *   SHIM_LOG     the record is appended to this file
 *   SHIM_FAULT   while this file exists, its first letter is the fault: f full, r read-only, s sync fails
 *
 * A record is: operation (1 byte), descriptor (4), two numbers (8 each), length of the rest (4), the
 * rest; little-endian (64-bit Linux only). The lock makes the real call and its record one step. The shared memory
 * beside a database (-shm) does not survive a power cut and is left out.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *folder, *fault_file;
static size_t folder_length;
static int log_fd = -1;
static char watched[FILES];

static void put(const void *bytes, size_t length) {
    while (length > 0) {
        ssize_t n = syscall(SYS_write, log_fd, bytes, length);
        if (n <= 0)
            abort();
        bytes = (const char *)bytes + n;
        length -= (size_t)n;
    }
}

static void record(char op, int fd, uint64_t a, uint64_t b, const void *rest, size_t length) {
    unsigned char head[25];
    int32_t fd32 = fd;
    uint32_t length32 = (uint32_t)length;
    if (log_fd < 0)
        return;
    head[0] = (unsigned char)op;
    memcpy(head + 1, &fd32, 4);
    memcpy(head + 5, &a, 8);
    memcpy(head + 13, &b, 8);
    memcpy(head + 21, &length32, 4);
    put(head, sizeof head);
    put(rest, length);
}

__attribute__((constructor)) static void start(void) {
    const char *log = getenv("SHIM_LOG");
    folder = getenv("SHIM_FOLDER");
    fault_file = getenv("SHIM_FAULT");
    folder_length = folder ? strlen(folder) : 0;
    if (log) {
        long fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd < 0)
            abort();
        log_fd = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 900);
        syscall(SYS_close, fd);
        record('P', 0, 0, 0, "", 0);
    }
}

static int inside(const char *path) {
    size_t length = strlen(path);
    if (!folder || strncmp(path, folder, folder_length) != 0)
        return 0;
    if (path[folder_length] != 0 && path[folder_length] != '/')
        return 0;
    return length < 4 || strcmp(path + length - 4, "-shm") != 0;
}

static int is_watched(int fd) { return fd >= 0 && fd < FILES && watched[fd]; }

static char fault(void) {
    char letter = 0;
    long fd = fault_file ? syscall(SYS_openat, AT_FDCWD, fault_file, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        if (syscall(SYS_read, fd, &letter, 1) != 1)
            letter = 0;
        syscall(SYS_close, fd);
    }
    return letter;
}

/* Whether a write that ends at `end` fails now; errno says how. A full disk takes what needs no room. */
static int refused(int fd, uint64_t end) {
    struct stat stat;
    switch (fault()) {
    case 'f':
        if (fstat(fd, &stat) == 0 && end <= (uint64_t)stat.st_size)
            return 0;
        errno = ENOSPC;
        return 1;
    case 'r':
        errno = EROFS;
        return 1;
    default:
        return 0;
    }
}

/* Files. */

static int opened(const char *path, int flags, mode_t mode) {
    int fd, writes = (flags & O_ACCMODE) != O_RDONLY, letter;
    if (!inside(path))
        return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    pthread_mutex_lock(&lock);
    letter = writes ? fault() : 0;
    if (letter == 'r' || (letter == 'f' && (flags & O_CREAT) && access(path, F_OK) != 0)) {
        errno = letter == 'r' ? EROFS : ENOSPC;
        fd = -1;
    } else {
        fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    }
    if (fd >= FILES)
        abort();
    if (fd >= 0) {
        watched[fd] = 1;
        record('O', fd, (uint64_t)flags, 0, path, strlen(path));
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

#define OPEN(name)                                                                                         \
    int name(const char *path, int flags, ...) {                                                           \
        mode_t mode = 0;                                                                                   \
        if (flags & (O_CREAT | O_TMPFILE)) {                                                               \
            va_list rest;                                                                                  \
            va_start(rest, flags);                                                                         \
            mode = va_arg(rest, mode_t);                                                                   \
            va_end(rest);                                                                                  \
        }                                                                                                  \
        return opened(path, flags, mode);                                                                  \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    int result;
    if (!is_watched(fd))
        return (int)syscall(SYS_close, fd);
    pthread_mutex_lock(&lock);
    watched[fd] = 0;
    record('C', fd, 0, 0, "", 0);
    result = (int)syscall(SYS_close, fd);
    pthread_mutex_unlock(&lock);
    return result;
}

static ssize_t placed(int fd, const void *bytes, size_t length, off_t offset) {
    ssize_t n = -1;
    pthread_mutex_lock(&lock);
    if (!refused(fd, (uint64_t)offset + length))
        n = syscall(SYS_pwrite64, fd, bytes, length, offset);
    if (n > 0)
        record('W', fd, (uint64_t)offset, 0, bytes, (size_t)n);
    pthread_mutex_unlock(&lock);
    return n;
}

#define PWRITE(name)                                                                                       \
    ssize_t name(int fd, const void *bytes, size_t length, off_t offset) {                                 \
        return is_watched(fd) ? placed(fd, bytes, length, offset)                                          \
                              : syscall(SYS_pwrite64, fd, bytes, length, offset);                          \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

static int cut(int fd, off_t length) {
    int result = -1;
    pthread_mutex_lock(&lock);
    if (!refused(fd, (uint64_t)length))
        result = (int)syscall(SYS_ftruncate, fd, length);
    if (result == 0)
        record('T', fd, (uint64_t)length, 0, "", 0);
    pthread_mutex_unlock(&lock);
    return result;
}

#define TRUNCATE(name)                                                                                     \
    int name(int fd, off_t length) {                                                                       \
        return is_watched(fd) ? cut(fd, length) : (int)syscall(SYS_ftruncate, fd, length);                 \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

static int synced(int fd, long call) {
    int result;
    if (!is_watched(fd))
        return (int)syscall(call, fd);
    pthread_mutex_lock(&lock);
    if (fault() == 's') {
        errno = EIO;
        result = -1;
    } else {
        result = (int)syscall(call, fd);
    }
    if (result == 0)
        record('S', fd, 0, 0, "", 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

int unlink(const char *path) {
    int result = -1;
    if (!inside(path))
        return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    pthread_mutex_lock(&lock);
    if (fault() == 'r')
        errno = EROFS;
    else
        result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (result == 0)
        record('U', 0, 0, 0, path, strlen(path));
    pthread_mutex_unlock(&lock);
    return result;
}

int rename(const char *from, const char *to) {
    int result;
    if (!inside(from) && !inside(to))
        return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    pthread_mutex_lock(&lock);
    result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (result == 0) {
        size_t length = strlen(from) + 1 + strlen(to);
        char *both = malloc(length + 1);
        if (!both)
            abort();
        strcpy(both, from);
        strcpy(both + strlen(from) + 1, to);
        record('R', 0, 0, 0, both, length);
        free(both);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

/* Descriptors that may be files or sockets. No write to a file falls between a word and its record. */

static int is_socket(int fd) {
    struct stat stat;
    return fstat(fd, &stat) == 0 && S_ISSOCK(stat.st_mode);
}

static void said(int fd, const void *bytes, ssize_t n) {
    if (n > 0)
        record('N', fd, 0, 0, bytes, (size_t)n);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    ssize_t n = -1;
    if (is_watched(fd)) {
        pthread_mutex_lock(&lock);
        off_t at = lseek(fd, 0, SEEK_CUR);
        if (!refused(fd, (uint64_t)at + length))
            n = syscall(SYS_write, fd, bytes, length);
        if (n > 0)
            record('W', fd, (uint64_t)(lseek(fd, 0, SEEK_CUR) - n), 0, bytes, (size_t)n);
        pthread_mutex_unlock(&lock);
        return n;
    }
    if (log_fd < 0 || !is_socket(fd))
        return syscall(SYS_write, fd, bytes, length);
    pthread_mutex_lock(&lock);
    n = syscall(SYS_write, fd, bytes, length);
    said(fd, bytes, n);
    pthread_mutex_unlock(&lock);
    return n;
}

static void said_parts(int fd, const struct iovec *parts, size_t count, ssize_t n) {
    for (size_t i = 0; i < count && n > 0; i++) {
        ssize_t part = (ssize_t)parts[i].iov_len < n ? (ssize_t)parts[i].iov_len : n;
        said(fd, parts[i].iov_base, part);
        n -= part;
    }
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    ssize_t n;
    if (is_watched(fd))
        abort(); /* Nobody writes files this way. */
    if (log_fd < 0 || !is_socket(fd))
        return syscall(SYS_writev, fd, parts, count);
    pthread_mutex_lock(&lock);
    n = syscall(SYS_writev, fd, parts, count);
    said_parts(fd, parts, (size_t)count, n);
    pthread_mutex_unlock(&lock);
    return n;
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t size) {
    ssize_t n;
    pthread_mutex_lock(&lock);
    n = syscall(SYS_sendto, fd, bytes, length, flags, to, size);
    said(fd, bytes, n);
    pthread_mutex_unlock(&lock);
    return n;
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    return sendto(fd, bytes, length, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    ssize_t n;
    pthread_mutex_lock(&lock);
    n = syscall(SYS_sendmsg, fd, message, flags);
    said_parts(fd, message->msg_iov, message->msg_iovlen, n);
    pthread_mutex_unlock(&lock);
    return n;
}
