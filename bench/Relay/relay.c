/* The yardstick: a plain TCP relay, one epoll loop, nothing that a mesh must do. usage: relay LISTEN_PORT HOST PORT
   One 64 KiB scratch for reads; what a slow receiver leaves over is kept per direction, and that direction's reading waits. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SCRATCH = 65536, EVENTS = 256, BACKLOG = 4096 };

struct half {
    int fd, connecting, hup, eof, shut, dead;
    struct half *other;
    char *left;          /* read from the other side, not yet written here */
    size_t left_at, left_size;
    struct half *next_free;
};

static char scratch[SCRATCH];
static int loop;
static struct half *graveyard; /* freed after the batch of events that may still name them */

static void die(const char *what) { perror(what); exit(1); }

static void watch(struct half *h, int op) {
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = h};
    if (epoll_ctl(loop, op, h->fd, &e) < 0) die("epoll_ctl");
}

static void bury(struct half *h) {
    struct half *both[2] = {h, h->other};
    for (int i = 0; i < 2; i++) {
        if (both[i]->dead) continue;
        both[i]->dead = 1;
        close(both[i]->fd);
        free(both[i]->left);
        both[i]->left = NULL;
        both[i]->next_free = graveyard;
        graveyard = both[i];
    }
}

/* 1: all written, 0: the socket is full, -1: broken */
static int put(struct half *to, const char *bytes, size_t size) {
    size_t done = 0;
    while (done < size) {
        ssize_t n = send(to->fd, bytes + done, size - done, MSG_NOSIGNAL);
        if (n > 0) { done += (size_t)n; continue; }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return -1;
        if (bytes != to->left + to->left_at) {
            to->left = malloc(size - done);
            if (!to->left) die("malloc");
            memcpy(to->left, bytes + done, size - done);
            to->left_at = 0;
            to->left_size = size - done;
        } else {
            to->left_at += done;
            to->left_size -= done;
        }
        return 0;
    }
    free(to->left);
    to->left = NULL;
    to->left_size = 0;
    return 1;
}

static int move(struct half *from) {
    struct half *to = from->other;
    if (to->connecting) return 0;
    if (to->left) {
        int done = put(to, to->left + to->left_at, to->left_size);
        if (done <= 0) return done;
    }
    while (!from->eof) {
        ssize_t n = recv(from->fd, scratch, SCRATCH, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return 0;
        if (n < 0) return -1;
        if (n == 0) { from->eof = 1; break; }
        int done = put(to, scratch, (size_t)n);
        if (done <= 0) return done;
        if (n < SCRATCH && !from->hup) return 0; /* drained: the next edge tells of more */
    }
    if (from->eof && !to->shut) { to->shut = 1; shutdown(to->fd, SHUT_WR); }
    return 0;
}

static void ready(struct half *h, uint32_t events) {
    if (h->dead) return;
    if (h->connecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(h->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) { bury(h); return; }
        h->connecting = 0;
    }
    if (h->connecting) return;
    if (events & (EPOLLRDHUP | EPOLLHUP)) h->hup = 1;
    if (move(h) < 0 || move(h->other) < 0) { bury(h); return; }
    if (h->eof && h->other->eof && !h->left && !h->other->left) bury(h);
}

static struct half *half_of(int fd) {
    int one = 1;
    struct half *h = calloc(1, sizeof *h);
    if (!h) die("calloc");
    h->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return h;
}

static void accept_all(int listener, const struct sockaddr_in *target) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        int out = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (out < 0) { close(fd); return; }
        struct half *in = half_of(fd), *dial = half_of(out);
        in->other = dial;
        dial->other = in;
        dial->connecting = 1;
        if (connect(out, (const struct sockaddr *)target, sizeof *target) < 0 && errno != EINPROGRESS) { bury(in); continue; }
        watch(dial, EPOLL_CTL_ADD);
        watch(in, EPOLL_CTL_ADD);
    }
}

int main(int argc, char **argv) {
    if (argc != 4) { fprintf(stderr, "usage: relay LISTEN_PORT HOST PORT\n"); return 2; }
    signal(SIGPIPE, SIG_IGN);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[3]))};
    if (inet_pton(AF_INET, argv[2], &target.sin_addr) != 1) die("host");
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) < 0 || listen(listener, BACKLOG) < 0) die("listen");
    loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(loop, EPOLL_CTL_ADD, listener, &e) < 0) die("epoll_ctl");
    for (;;) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(loop, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr) ready(events[i].data.ptr, events[i].events);
            else accept_all(listener, &target);
        }
        while (graveyard) {
            struct half *next = graveyard->next_free;
            free(graveyard);
            graveyard = next;
        }
    }
}
