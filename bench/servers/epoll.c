// The least that a server in C can do: epoll, one thread, one write() per event and reader. TCP_NODELAY, as everywhere here.
// Prints the port of its streams and its control port, which receives requests to publish: "<bytes of data> <events>\n".
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_FILES = 1 << 20, MAX_FRAMES = 1 << 20, EVENTS = 512 };
enum { NONE, LISTENER, CONTROL_LISTENER, CONTROL, NEW, STREAM };

static const char HEAD[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache, no-transform\r\n"
    "X-Accel-Buffering: no\r\nConnection: close\r\n\r\nretry: 2000\n\n";

static unsigned char kinds[MAX_FILES];
static int streams[MAX_FILES], places[MAX_FILES], count;
static char frames[MAX_FRAMES];
static int poll;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void watch(int file, int kind) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = file};
  if (file >= MAX_FILES) fail("too many files");
  kinds[file] = kind;
  if (epoll_ctl(poll, EPOLL_CTL_ADD, file, &event)) fail("epoll_ctl");
}

static int listen_on_free_port(int kind) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int file = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (bind(file, (struct sockaddr *)&address, length) || listen(file, 4096)) fail("listen");
  getsockname(file, (struct sockaddr *)&address, &length);
  watch(file, kind);
  return ntohs(address.sin_port);
}

static void accept_all(int listener, int kind) {
  int file, yes = 1;
  while ((file = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    watch(file, kind);
  }
  if (errno != EAGAIN) fail("accept");
}

// The readers of this bench keep up. If one does not, an event is lost, and the run fails.
static void write_all(int file, const char *bytes, size_t length) {
  if (write(file, bytes, length) != (ssize_t)length) fail("write");
}

static void publish(int bytes, int events) {
  size_t size = bytes + 8;
  if (size * events > MAX_FRAMES) fail("frames");
  for (int n = 0; n < events; n++) {
    char *frame = frames + n * size;
    memcpy(frame, "data: |", 7);
    memset(frame + 7, 'x', bytes - 1);
    memcpy(frame + 6 + bytes, "\n\n", 2);
  }
  for (int n = 0; n < count; n++) write_all(streams[n], frames, size * events);
}

static void obey(char *lines) {
  int bytes, events, length;
  for (; sscanf(lines, "%d %d%n", &bytes, &events, &length) == 2; lines += length) publish(bytes, events);
}

static void leave(int file) {
  if (kinds[file] == STREAM) {
    int last = streams[--count];
    streams[places[file]] = last;
    places[last] = places[file];
  }
  kinds[file] = NONE;
  close(file);
}

static void read_from(int file) {
  char text[4096];
  ssize_t length = read(file, text, sizeof text - 1);
  if (length < 0 && errno == EAGAIN) return;
  if (length <= 0) {
    leave(file);
    return;
  }
  text[length] = '\0';
  if (kinds[file] == CONTROL) obey(text);
  if (kinds[file] != NEW) return;
  write_all(file, HEAD, sizeof HEAD - 1);
  kinds[file] = STREAM;
  places[file] = count;
  streams[count++] = file;
}

int main(void) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  poll = epoll_create1(0);
  int port = listen_on_free_port(LISTENER);
  printf("%d %d\n", port, listen_on_free_port(CONTROL_LISTENER));
  fflush(stdout);
  for (;;) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(poll, events, EVENTS, -1);
    for (int n = 0; n < ready; n++) {
      int file = events[n].data.fd;
      if (kinds[file] == LISTENER) accept_all(file, NEW);
      else if (kinds[file] == CONTROL_LISTENER) accept_all(file, CONTROL);
      else read_from(file);
    }
  }
}
