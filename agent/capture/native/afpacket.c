// Packets from the Linux kernel without a copy: an AF_PACKET socket with a TPACKET_V3 ring, mapped into JavaScript as an
// ArrayBuffer, and libuv's poll as the wake-up. Needs libc and Node-API only. The ring is read in ../packet-ring.ts.
// https://docs.kernel.org/networking/packet_mmap.html, packet(7)
#define NAPI_VERSION 8
#include <node_api.h>
#include <uv.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

// Without meaning in TPACKET_V3, where frames are of any size, but the kernel wants blocks to be a multiple of it.
enum { FRAME_SIZE = 2048 };

typedef struct {
  uv_poll_t poll;
  napi_env env;
  napi_ref on_readable;  // the JavaScript function that reads the ring
  napi_ref ring_buffer;  // the ArrayBuffer over the ring, detached before the ring is unmapped
  napi_ref self;         // keeps the handle while open, so that its finalizer never runs under a living ArrayBuffer
  int fd;
  void *ring;
  size_t ring_length;
  bool open;
  int holders;  // the JavaScript handle and the poll, which libuv gives back later; freed with the last
} Capture;

static void release(Capture *capture) {
  if (--capture->holders == 0) free(capture);
}

static void on_poll_closed(uv_handle_t *poll) { release(poll->data); }

static void shut(Capture *capture) {
  if (!capture->open) return;
  capture->open = false;
  uv_poll_stop(&capture->poll);
  uv_close((uv_handle_t *)&capture->poll, on_poll_closed);
  munmap(capture->ring, capture->ring_length);
  close(capture->fd);
}

// Runs after close() or when the environment ends; no JavaScript can reach the ring any more.
static void on_handle_collected(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  shut(data);
  release(data);
}

static void ring_stays_mapped(napi_env env, void *data, void *hint) { (void)env, (void)data, (void)hint; }

// error.code is the errno name, error.message the step that failed.
static napi_value throw_errno(napi_env env, const char *step, int error) {
  napi_throw_error(env, uv_err_name(-error), step);
  return NULL;
}

static void on_event(uv_poll_t *poll, int status, int events) {
  (void)events;
  Capture *capture = poll->data;
  napi_env env = capture->env;
  napi_handle_scope scope;
  napi_value on_readable, global, argument, ignored;
  napi_open_handle_scope(env, &scope);
  napi_get_undefined(env, &argument);
  if (status < 0) {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(capture->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    napi_create_string_utf8(env, uv_err_name(error ? -error : status), NAPI_AUTO_LENGTH, &argument);
  }
  napi_get_reference_value(env, capture->on_readable, &on_readable);
  napi_get_global(env, &global);
  if (napi_make_callback(env, NULL, global, on_readable, 1, &argument, &ignored) == napi_pending_exception) {
    napi_value exception;
    napi_get_and_clear_last_exception(env, &exception);
    napi_fatal_exception(env, exception);
  }
  napi_close_handle_scope(env, scope);
}

static uint32_t to_uint32(napi_env env, napi_value value) {
  uint32_t number = 0;
  napi_get_value_uint32(env, value, &number);
  return number;
}

static int attach_filter(int fd, napi_env env, napi_value program) {
  void *instructions = NULL;
  size_t length = 0;
  napi_get_buffer_info(env, program, &instructions, &length);
  struct sock_fprog filter = {.len = length / sizeof(struct sock_filter), .filter = instructions};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

// Protocol 0 receives nothing until bind() names one, so that no packet enters the ring past the filter. SOCK_DGRAM
// gives packets from the network header on, whatever the link: no two link layers to tell apart.
static const char *set_up(Capture *capture, napi_env env, const char *device, napi_value program,
                          struct tpacket_req3 *request) {
  int version = TPACKET_V3;
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  capture->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (capture->fd < 0) return "socket";
  if (strcmp(device, "any") != 0) {
    address.sll_ifindex = (int)if_nametoindex(device);
    if (address.sll_ifindex == 0) return "device";
  }
  if (setsockopt(capture->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version)) return "version";
  if (attach_filter(capture->fd, env, program)) return "filter";
  if (setsockopt(capture->fd, SOL_PACKET, PACKET_RX_RING, request, sizeof *request)) return "ring";
  capture->ring = mmap(NULL, capture->ring_length, PROT_READ | PROT_WRITE, MAP_SHARED, capture->fd, 0);
  if (capture->ring == MAP_FAILED) return "mmap";
  if (bind(capture->fd, (struct sockaddr *)&address, sizeof address)) return "bind";
  return NULL;
}

// open(device, program, blockBytes, blockCount, retireMillis, onReadable) -> [handle, ring]
static napi_value open_capture(napi_env env, napi_callback_info info) {
  napi_value arguments[6], handle, ring, result;
  size_t count = 6, length;
  char device[IF_NAMESIZE + 1] = "";
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  napi_get_value_string_utf8(env, arguments[0], device, sizeof device, &length);
  struct tpacket_req3 request = {.tp_block_size = to_uint32(env, arguments[2]),
                                 .tp_block_nr = to_uint32(env, arguments[3]),
                                 .tp_frame_size = FRAME_SIZE,
                                 .tp_retire_blk_tov = to_uint32(env, arguments[4])};
  request.tp_frame_nr = request.tp_block_size / FRAME_SIZE * request.tp_block_nr;

  Capture *capture = calloc(1, sizeof *capture);
  if (capture == NULL) return throw_errno(env, "memory", ENOMEM);
  capture->env = env;
  capture->ring = MAP_FAILED;
  capture->ring_length = (size_t)request.tp_block_size * request.tp_block_nr;
  const char *failed_step = set_up(capture, env, device, arguments[1], &request);
  if (failed_step == NULL) {
    uv_loop_t *loop;
    napi_get_uv_event_loop(env, &loop);
    int status = uv_poll_init(loop, &capture->poll, capture->fd);
    if (status < 0) failed_step = "poll", errno = -status;
  }
  if (failed_step != NULL) {
    int error = errno;
    if (capture->ring != MAP_FAILED) munmap(capture->ring, capture->ring_length);
    if (capture->fd >= 0) close(capture->fd);
    free(capture);
    return throw_errno(env, failed_step, error);
  }
  capture->poll.data = capture;
  capture->open = true;
  capture->holders = 2;
  napi_create_external(env, capture, on_handle_collected, NULL, &handle);
  napi_create_reference(env, handle, 1, &capture->self);
  if (napi_create_external_arraybuffer(env, capture->ring, capture->ring_length, ring_stays_mapped, NULL, &ring) !=
      napi_ok) {
    shut(capture);
    return throw_errno(env, "external ArrayBuffer", ENOTSUP);
  }
  napi_create_reference(env, ring, 1, &capture->ring_buffer);
  napi_create_reference(env, arguments[5], 1, &capture->on_readable);
  uv_poll_start(&capture->poll, UV_READABLE, on_event);
  napi_create_array_with_length(env, 2, &result);
  napi_set_element(env, result, 0, handle);
  napi_set_element(env, result, 1, ring);
  return result;
}

// The open capture behind the first argument, or NULL with an error thrown.
static Capture *open_handle(napi_env env, napi_callback_info info, napi_value *second) {
  napi_value arguments[2];
  size_t count = 2;
  void *data = NULL;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  if (second != NULL) *second = arguments[1];
  if (napi_get_value_external(env, arguments[0], &data) != napi_ok || !((Capture *)data)->open) {
    throw_errno(env, "handle", EBADF);
    return NULL;
  }
  return data;
}

// statistics(handle) -> [packets, drops, freezes] since the last call; packets includes the dropped ones.
static napi_value read_statistics(napi_env env, napi_callback_info info) {
  Capture *capture = open_handle(env, info, NULL);
  if (capture == NULL) return NULL;
  struct tpacket_stats_v3 statistics = {0};
  socklen_t length = sizeof statistics;
  if (getsockopt(capture->fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &length))
    return throw_errno(env, "statistics", errno);
  uint32_t numbers[] = {statistics.tp_packets, statistics.tp_drops, statistics.tp_freeze_q_cnt};
  napi_value result, number;
  napi_create_array_with_length(env, 3, &result);
  for (uint32_t i = 0; i < 3; i++) {
    napi_create_uint32(env, numbers[i], &number);
    napi_set_element(env, result, i, number);
  }
  return result;
}

// filter(handle, program): replaces the filter.
static napi_value replace_filter(napi_env env, napi_callback_info info) {
  napi_value program;
  Capture *capture = open_handle(env, info, &program);
  if (capture != NULL && attach_filter(capture->fd, env, program)) throw_errno(env, "filter", errno);
  return NULL;
}

// close(handle): the ring's ArrayBuffer becomes empty, so that a view left over reads nothing instead of freed memory.
static napi_value close_capture(napi_env env, napi_callback_info info) {
  napi_value ring;
  Capture *capture = open_handle(env, info, NULL);
  if (capture == NULL) return NULL;
  napi_get_reference_value(env, capture->ring_buffer, &ring);
  if (napi_detach_arraybuffer(env, ring) != napi_ok) return throw_errno(env, "detach", EBUSY);
  shut(capture);
  napi_delete_reference(env, capture->ring_buffer);
  napi_delete_reference(env, capture->on_readable);
  napi_delete_reference(env, capture->self);
  return NULL;
}

NAPI_MODULE_INIT() {
  napi_property_descriptor functions[] = {
      {"open", NULL, open_capture, NULL, NULL, NULL, napi_enumerable, NULL},
      {"statistics", NULL, read_statistics, NULL, NULL, NULL, napi_enumerable, NULL},
      {"filter", NULL, replace_filter, NULL, NULL, NULL, napi_enumerable, NULL},
      {"close", NULL, close_capture, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}
