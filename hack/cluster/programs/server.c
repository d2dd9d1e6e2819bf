// What the self-test runs: a small HTTP server that says who it is and whom it sees, a TCP echo server,
// and a client that holds one connection and tells when it breaks. One process per connection.
//
//   server serve HTTP-PORT [ECHO-PORT]   GET /, /ready; GET /stream sends a line a second for ever
//   server hold HOST PORT                sends a numbered line ten times a second, expects it back
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    BACKLOG = 1024,
    REQUEST_MAX = 8192,
    RELAY_SIZE = 65536,
    HOLD_INTERVAL_MS = 100,
    HOLD_ANSWER_MS = 10000,
};

static char host_name[256] = "unknown";

static int fail(const char *what) {
    fprintf(stderr, "server: %s: %s\n", what, strerror(errno));
    return 1;
}

static int write_all(int fd, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(fd, bytes, count);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return -1;
        }
        bytes += written;
        count -= (size_t)written;
    }
    return 0;
}

static int send_format(int fd, const char *format, ...) {
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return length < 0 || (size_t)length >= sizeof text ? -1 : write_all(fd, text, (size_t)length);
}

static void format_address(const struct sockaddr_storage *address, char *text, size_t size) {
    char ip[INET6_ADDRSTRLEN] = "?";
    unsigned port = 0;
    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
        port = ntohs(six->sin6_port);
        if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
            inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, ip, sizeof ip);
        } else {
            inet_ntop(AF_INET6, &six->sin6_addr, ip, sizeof ip);
        }
    } else if (address->ss_family == AF_INET) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)address;
        port = ntohs(four->sin_port);
        inet_ntop(AF_INET, &four->sin_addr, ip, sizeof ip);
    }
    snprintf(text, size, "%s port %u", ip, port);
}

static int send_stream(int fd) {
    if (send_format(fd, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n") < 0) {
        return -1;
    }
    for (unsigned long second = 0;; second++) {
        if (send_format(fd, "%s %lu\n", host_name, second) < 0) {
            return -1;
        }
        sleep(1);
    }
}

static int answer(int fd, const char *method, const char *path, const char *client) {
    char body[1024];
    const char *status = "200 OK";
    if (strcmp(path, "/stream") == 0) {
        return send_stream(fd);
    }
    if (strcmp(path, "/ready") == 0) {
        snprintf(body, sizeof body, "ready\n");
    } else if (strcmp(path, "/") == 0) {
        snprintf(body, sizeof body, "%s sees %s\n", host_name, client);
    } else {
        status = "404 Not Found";
        snprintf(body, sizeof body, "no such path\n");
    }
    return send_format(fd, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
                       status, strlen(body), strcmp(method, "HEAD") == 0 ? "" : body);
}

// Requests without a body, one after the other on a kept connection.
static void serve_http(int fd, const char *client) {
    char request[REQUEST_MAX + 1], method[16], path[512];
    size_t have = 0;
    for (;;) {
        char *end;
        request[have] = '\0';
        while ((end = strstr(request, "\r\n\r\n")) == NULL) {
            ssize_t got = have < REQUEST_MAX ? read(fd, request + have, REQUEST_MAX - have) : 0;
            if (got <= 0) {
                return;
            }
            have += (size_t)got;
            request[have] = '\0';
        }
        if (sscanf(request, "%15s %511s", method, path) != 2 || answer(fd, method, path, client) < 0) {
            return;
        }
        end[2] = '\0';
        if (strstr(request, "HTTP/1.0") != NULL || strcasestr(request, "\r\nconnection: close\r\n") != NULL) {
            return;
        }
        have -= (size_t)(end + 4 - request);
        memmove(request, end + 4, have);
    }
}

static void serve_echo(int fd) {
    char buffer[RELAY_SIZE];
    ssize_t got;
    while ((got = read(fd, buffer, sizeof buffer)) > 0 && write_all(fd, buffer, (size_t)got) == 0) {
    }
}

static int listen_on(const char *port) {
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port))};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = address.sin6_port};
    int on = 1, off = 0;
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    int six = fd >= 0;
    if (!six) {
        fd = socket(AF_INET, SOCK_STREAM, 0);
    }
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) {
        return -1;
    }
    if (six && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0) {
        return -1;
    }
    if (bind(fd, six ? (struct sockaddr *)&address : (struct sockaddr *)&four, six ? sizeof address : sizeof four) < 0) {
        return -1;
    }
    return listen(fd, BACKLOG) < 0 ? -1 : fd;
}

static void accept_one(int listener, int is_http) {
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    char client[80];
    int on = 1;
    int fd = accept(listener, (struct sockaddr *)&peer, &length);
    if (fd < 0) {
        return;
    }
    if (fork() == 0) {
        signal(SIGTERM, SIG_DFL);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        format_address(&peer, client, sizeof client);
        if (is_http) {
            serve_http(fd, client);
        } else {
            serve_echo(fd);
        }
        _exit(0);
    }
    close(fd);
}

static void end(int signal) {
    (void)signal;
    _exit(0);
}

static int serve(int count, char **ports) {
    struct pollfd listeners[2];
    for (int i = 0; i < count; i++) {
        listeners[i] = (struct pollfd){.fd = listen_on(ports[i]), .events = POLLIN};
        if (listeners[i].fd < 0) {
            return fail(ports[i]);
        }
    }
    signal(SIGCHLD, SIG_IGN);
    signal(SIGTERM, end); // the first process of a container has no default action
    signal(SIGINT, end);
    for (;;) {
        if (poll(listeners, (nfds_t)count, -1) < 0 && errno != EINTR) {
            return fail("poll");
        }
        for (int i = 0; i < count; i++) {
            if (listeners[i].revents & POLLIN) {
                accept_one(listeners[i].fd, i == 0);
            }
        }
    }
}

static int dial(const char *host, const char *port) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found, *next;
    int fd = -1;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        errno = EHOSTUNREACH;
        return -1;
    }
    for (next = found; next != NULL && fd < 0; next = next->ai_next) {
        fd = socket(next->ai_family, next->ai_socktype, next->ai_protocol);
        if (fd >= 0 && connect(fd, next->ai_addr, next->ai_addrlen) < 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

// Reads exactly what was sent, or fails when the answer is late, wrong or the connection ended.
static int expect(int fd, const char *sent, size_t count) {
    char got[64];
    size_t have = 0;
    while (have < count) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        if (poll(&readable, 1, HOLD_ANSWER_MS) <= 0) {
            errno = ETIMEDOUT;
            return -1;
        }
        ssize_t more = read(fd, got + have, count - have);
        if (more <= 0) {
            errno = more == 0 ? ECONNABORTED : errno;
            return -1;
        }
        have += (size_t)more;
    }
    errno = EPROTO;
    return memcmp(sent, got, count) == 0 ? 0 : -1;
}

static int hold(const char *host, const char *port) {
    char line[64];
    int fd = dial(host, port);
    if (fd < 0) {
        return fail(host);
    }
    for (unsigned long number = 1;; number++) {
        int length = snprintf(line, sizeof line, "%lu\n", number);
        if (write_all(fd, line, (size_t)length) < 0 || expect(fd, line, (size_t)length) < 0) {
            printf("broken after %lu answers\n", number - 1);
            fflush(stdout);
            return fail("the held connection");
        }
        if (number % 10 == 1) {
            printf("held %lu answers\n", number);
            fflush(stdout);
        }
        struct timespec pause = {.tv_nsec = HOLD_INTERVAL_MS * 1000000L};
        nanosleep(&pause, NULL);
    }
}

int main(int count, char **words) {
    gethostname(host_name, sizeof host_name - 1);
    signal(SIGPIPE, SIG_IGN);
    if ((count == 3 || count == 4) && strcmp(words[1], "serve") == 0) {
        return serve(count - 2, words + 2);
    }
    if (count == 4 && strcmp(words[1], "hold") == 0) {
        return hold(words[2], words[3]);
    }
    fprintf(stderr, "usage: server serve HTTP-PORT [ECHO-PORT] | server hold HOST PORT\n");
    return 2;
}
