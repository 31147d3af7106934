package io.nbd4j.model;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * The table of libnbd's functions, a row for each: since which version it exists and in which
 * states of the handle it is permitted. State checks, tracing and the tests of the documentation
 * read it.
 *
 * <p>Where C tests the macro {@code LIBNBD_HAVE_NBD_X}, a program asks {@link #find(String)}.
 */
public enum ApiCall {
  /** {@code nbd_create}. */
  CREATE("1.0"),
  /** {@code nbd_close}. */
  CLOSE("1.0"),
  /** {@code nbd_get_error}. */
  GET_ERROR("1.0"),
  /** {@code nbd_get_errno}. */
  GET_ERRNO("1.0"),
  /** {@code nbd_set_debug}. */
  SET_DEBUG("1.0"),
  /** {@code nbd_get_debug}. */
  GET_DEBUG("1.0"),
  /** {@code nbd_set_debug_callback}. */
  SET_DEBUG_CALLBACK("1.0"),
  /** {@code nbd_clear_debug_callback}. */
  CLEAR_DEBUG_CALLBACK("1.0"),
  /** {@code nbd_stats_bytes_sent}. */
  STATS_BYTES_SENT("1.16"),
  /** {@code nbd_stats_chunks_sent}. */
  STATS_CHUNKS_SENT("1.16"),
  /** {@code nbd_stats_bytes_received}. */
  STATS_BYTES_RECEIVED("1.16"),
  /** {@code nbd_stats_chunks_received}. */
  STATS_CHUNKS_RECEIVED("1.16"),
  /** {@code nbd_set_handle_name}. */
  SET_HANDLE_NAME("1.0"),
  /** {@code nbd_get_handle_name}. */
  GET_HANDLE_NAME("1.0"),
  /** {@code nbd_set_private_data}. */
  SET_PRIVATE_DATA("1.8"),
  /** {@code nbd_get_private_data}. */
  GET_PRIVATE_DATA("1.8"),
  /** {@code nbd_set_export_name}. */
  SET_EXPORT_NAME("1.0", StateWord.CREATED, StateWord.NEGOTIATING),
  /** {@code nbd_get_export_name}. */
  GET_EXPORT_NAME("1.0"),
  /** {@code nbd_set_request_block_size}. */
  SET_REQUEST_BLOCK_SIZE("1.12", StateWord.CREATED, StateWord.NEGOTIATING),
  /** {@code nbd_get_request_block_size}. */
  GET_REQUEST_BLOCK_SIZE("1.12"),
  /** {@code nbd_set_full_info}. */
  SET_FULL_INFO("1.4", StateWord.CREATED, StateWord.NEGOTIATING),
  /** {@code nbd_get_full_info}. */
  GET_FULL_INFO("1.4"),
  /** {@code nbd_set_tls}. */
  SET_TLS("1.0", StateWord.CREATED),
  /** {@code nbd_get_tls}. */
  GET_TLS("1.0"),
  /** {@code nbd_set_tls_certificates}. */
  SET_TLS_CERTIFICATES("1.0", StateWord.CREATED),
  /** {@code nbd_set_tls_verify_peer}. */
  SET_TLS_VERIFY_PEER("1.0", StateWord.CREATED),
  /** {@code nbd_get_tls_verify_peer}. */
  GET_TLS_VERIFY_PEER("1.0"),
  /** {@code nbd_set_tls_username}. */
  SET_TLS_USERNAME("1.0", StateWord.CREATED),
  /** {@code nbd_get_tls_username}. */
  GET_TLS_USERNAME("1.0"),
  /** {@code nbd_set_tls_hostname}. */
  SET_TLS_HOSTNAME("1.22", StateWord.CREATED),
  /** {@code nbd_get_tls_hostname}. */
  GET_TLS_HOSTNAME("1.22"),
  /** {@code nbd_set_tls_psk_file}. */
  SET_TLS_PSK_FILE("1.0", StateWord.CREATED),
  /** {@code nbd_set_request_extended_headers}. */
  SET_REQUEST_EXTENDED_HEADERS("1.18", StateWord.CREATED),
  /** {@code nbd_get_request_extended_headers}. */
  GET_REQUEST_EXTENDED_HEADERS("1.18"),
  /** {@code nbd_set_request_structured_replies}. */
  SET_REQUEST_STRUCTURED_REPLIES("1.2", StateWord.CREATED),
  /** {@code nbd_get_request_structured_replies}. */
  GET_REQUEST_STRUCTURED_REPLIES("1.2"),
  /** {@code nbd_set_request_meta_context}. */
  SET_REQUEST_META_CONTEXT("1.16", StateWord.CREATED, StateWord.NEGOTIATING),
  /** {@code nbd_get_request_meta_context}. */
  GET_REQUEST_META_CONTEXT("1.16"),
  /** {@code nbd_set_handshake_flags}. */
  SET_HANDSHAKE_FLAGS("1.2", StateWord.CREATED),
  /** {@code nbd_get_handshake_flags}. */
  GET_HANDSHAKE_FLAGS("1.2"),
  /** {@code nbd_set_pread_initialize}. */
  SET_PREAD_INITIALIZE("1.12"),
  /** {@code nbd_get_pread_initialize}. */
  GET_PREAD_INITIALIZE("1.12"),
  /** {@code nbd_set_strict_mode}. */
  SET_STRICT_MODE("1.6"),
  /** {@code nbd_get_strict_mode}. */
  GET_STRICT_MODE("1.6"),
  /** {@code nbd_set_opt_mode}. */
  SET_OPT_MODE("1.4", StateWord.CREATED),
  /** {@code nbd_get_opt_mode}. */
  GET_OPT_MODE("1.4"),
  /** {@code nbd_add_meta_context}. */
  ADD_META_CONTEXT("1.0", StateWord.CREATED, StateWord.NEGOTIATING),
  /** {@code nbd_get_nr_meta_contexts}. */
  GET_NR_META_CONTEXTS("1.6"),
  /** {@code nbd_get_meta_context}. */
  GET_META_CONTEXT("1.6"),
  /** {@code nbd_clear_meta_contexts}. */
  CLEAR_META_CONTEXTS("1.6", StateWord.CREATED, StateWord.NEGOTIATING),
  /** {@code nbd_set_uri_allow_transports}. */
  SET_URI_ALLOW_TRANSPORTS("1.2", StateWord.CREATED),
  /** {@code nbd_set_uri_allow_tls}. */
  SET_URI_ALLOW_TLS("1.2", StateWord.CREATED),
  /** {@code nbd_set_uri_allow_local_file}. */
  SET_URI_ALLOW_LOCAL_FILE("1.2", StateWord.CREATED),
  /** {@code nbd_set_socket_activation_name}. */
  SET_SOCKET_ACTIVATION_NAME("1.16", StateWord.CREATED),
  /** {@code nbd_get_socket_activation_name}. */
  GET_SOCKET_ACTIVATION_NAME("1.16"),
  /** {@code nbd_get_tls_negotiated}. */
  GET_TLS_NEGOTIATED("1.2", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_get_extended_headers_negotiated}. */
  GET_EXTENDED_HEADERS_NEGOTIATED(
      "1.18", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_get_structured_replies_negotiated}. */
  GET_STRUCTURED_REPLIES_NEGOTIATED(
      "1.2", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_get_protocol}. */
  GET_PROTOCOL("1.2", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_get_canonical_export_name}. */
  GET_CANONICAL_EXPORT_NAME("1.4", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_get_export_description}. */
  GET_EXPORT_DESCRIPTION("1.4", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_is_read_only}. */
  IS_READ_ONLY("1.0", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_can_flush}. */
  CAN_FLUSH("1.0", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_can_fua}. */
  CAN_FUA("1.0", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_is_rotational}. */
  IS_ROTATIONAL("1.0", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_can_trim}. */
  CAN_TRIM("1.0", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_can_zero}. */
  CAN_ZERO("1.0", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_can_fast_zero}. */
  CAN_FAST_ZERO("1.2", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_can_block_status_payload}. */
  CAN_BLOCK_STATUS_PAYLOAD("1.18", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_can_df}. */
  CAN_DF("1.0", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_can_multi_conn}. */
  CAN_MULTI_CONN("1.0", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_can_cache}. */
  CAN_CACHE("1.0", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_can_meta_context}. */
  CAN_META_CONTEXT("1.0", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_get_size}. */
  GET_SIZE("1.0", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_get_block_size}. */
  GET_BLOCK_SIZE("1.4", StateWord.NEGOTIATING, StateWord.CONNECTED, StateWord.CLOSED),
  /** {@code nbd_connect_uri}. */
  CONNECT_URI("1.0", StateWord.CREATED),
  /** {@code nbd_connect_unix}. */
  CONNECT_UNIX("1.0", StateWord.CREATED),
  /** {@code nbd_connect_vsock}. */
  CONNECT_VSOCK("1.2", StateWord.CREATED),
  /** {@code nbd_connect_tcp}. */
  CONNECT_TCP("1.0", StateWord.CREATED),
  /** {@code nbd_connect_socket}. */
  CONNECT_SOCKET("1.2", StateWord.CREATED),
  /** {@code nbd_connect_command}. */
  CONNECT_COMMAND("1.0", StateWord.CREATED),
  /** {@code nbd_connect_systemd_socket_activation}. */
  CONNECT_SYSTEMD_SOCKET_ACTIVATION("1.2", StateWord.CREATED),
  /** {@code nbd_aio_connect}. */
  AIO_CONNECT("1.0", StateWord.CREATED),
  /** {@code nbd_aio_connect_uri}. */
  AIO_CONNECT_URI("1.0", StateWord.CREATED),
  /** {@code nbd_aio_connect_unix}. */
  AIO_CONNECT_UNIX("1.0", StateWord.CREATED),
  /** {@code nbd_aio_connect_vsock}. */
  AIO_CONNECT_VSOCK("1.2", StateWord.CREATED),
  /** {@code nbd_aio_connect_tcp}. */
  AIO_CONNECT_TCP("1.0", StateWord.CREATED),
  /** {@code nbd_aio_connect_socket}. */
  AIO_CONNECT_SOCKET("1.2", StateWord.CREATED),
  /** {@code nbd_aio_connect_command}. */
  AIO_CONNECT_COMMAND("1.0", StateWord.CREATED),
  /** {@code nbd_aio_connect_systemd_socket_activation}. */
  AIO_CONNECT_SYSTEMD_SOCKET_ACTIVATION("1.2", StateWord.CREATED),
  /** {@code nbd_opt_go}. */
  OPT_GO("1.4", StateWord.NEGOTIATING),
  /** {@code nbd_opt_abort}. */
  OPT_ABORT("1.4", StateWord.NEGOTIATING),
  /** {@code nbd_opt_starttls}. */
  OPT_STARTTLS("1.16", StateWord.NEGOTIATING),
  /** {@code nbd_opt_extended_headers}. */
  OPT_EXTENDED_HEADERS("1.18", StateWord.NEGOTIATING),
  /** {@code nbd_opt_structured_reply}. */
  OPT_STRUCTURED_REPLY("1.16", StateWord.NEGOTIATING),
  /** {@code nbd_opt_list}. */
  OPT_LIST("1.4", StateWord.NEGOTIATING),
  /** {@code nbd_opt_info}. */
  OPT_INFO("1.4", StateWord.NEGOTIATING),
  /** {@code nbd_opt_list_meta_context}. */
  OPT_LIST_META_CONTEXT("1.6", StateWord.NEGOTIATING),
  /** {@code nbd_opt_list_meta_context_queries}. */
  OPT_LIST_META_CONTEXT_QUERIES("1.16", StateWord.NEGOTIATING),
  /** {@code nbd_opt_set_meta_context}. */
  OPT_SET_META_CONTEXT("1.16", StateWord.NEGOTIATING),
  /** {@code nbd_opt_set_meta_context_queries}. */
  OPT_SET_META_CONTEXT_QUERIES("1.16", StateWord.NEGOTIATING),
  /** {@code nbd_aio_opt_go}. */
  AIO_OPT_GO("1.4", StateWord.NEGOTIATING),
  /** {@code nbd_aio_opt_abort}. */
  AIO_OPT_ABORT("1.4", StateWord.NEGOTIATING),
  /** {@code nbd_aio_opt_starttls}. */
  AIO_OPT_STARTTLS("1.16", StateWord.NEGOTIATING),
  /** {@code nbd_aio_opt_extended_headers}. */
  AIO_OPT_EXTENDED_HEADERS("1.18", StateWord.NEGOTIATING),
  /** {@code nbd_aio_opt_structured_reply}. */
  AIO_OPT_STRUCTURED_REPLY("1.16", StateWord.NEGOTIATING),
  /** {@code nbd_aio_opt_list}. */
  AIO_OPT_LIST("1.4", StateWord.NEGOTIATING),
  /** {@code nbd_aio_opt_info}. */
  AIO_OPT_INFO("1.4", StateWord.NEGOTIATING),
  /** {@code nbd_aio_opt_list_meta_context}. */
  AIO_OPT_LIST_META_CONTEXT("1.6", StateWord.NEGOTIATING),
  /** {@code nbd_aio_opt_list_meta_context_queries}. */
  AIO_OPT_LIST_META_CONTEXT_QUERIES("1.16", StateWord.NEGOTIATING),
  /** {@code nbd_aio_opt_set_meta_context}. */
  AIO_OPT_SET_META_CONTEXT("1.16", StateWord.NEGOTIATING),
  /** {@code nbd_aio_opt_set_meta_context_queries}. */
  AIO_OPT_SET_META_CONTEXT_QUERIES("1.16", StateWord.NEGOTIATING),
  /** {@code nbd_pread}. */
  PREAD("1.0", StateWord.CONNECTED),
  /** {@code nbd_pread_structured}. */
  PREAD_STRUCTURED("1.0", StateWord.CONNECTED),
  /** {@code nbd_pwrite}. */
  PWRITE("1.0", StateWord.CONNECTED),
  /** {@code nbd_shutdown}. */
  SHUTDOWN("1.0", StateWord.NEGOTIATING, StateWord.CONNECTED),
  /** {@code nbd_flush}. */
  FLUSH("1.0", StateWord.CONNECTED),
  /** {@code nbd_trim}. */
  TRIM("1.0", StateWord.CONNECTED),
  /** {@code nbd_cache}. */
  CACHE("1.0", StateWord.CONNECTED),
  /** {@code nbd_zero}. */
  ZERO("1.0", StateWord.CONNECTED),
  /** {@code nbd_block_status}. */
  BLOCK_STATUS("1.0", StateWord.CONNECTED),
  /** {@code nbd_block_status_64}. */
  BLOCK_STATUS_64("1.18", StateWord.CONNECTED),
  /** {@code nbd_block_status_filter}. */
  BLOCK_STATUS_FILTER("1.18", StateWord.CONNECTED),
  /** {@code nbd_aio_pread}. */
  AIO_PREAD("1.0", StateWord.CONNECTED),
  /** {@code nbd_aio_pread_structured}. */
  AIO_PREAD_STRUCTURED("1.0", StateWord.CONNECTED),
  /** {@code nbd_aio_pwrite}. */
  AIO_PWRITE("1.0", StateWord.CONNECTED),
  /** {@code nbd_aio_disconnect}. */
  AIO_DISCONNECT("1.0", StateWord.CONNECTED),
  /** {@code nbd_aio_flush}. */
  AIO_FLUSH("1.0", StateWord.CONNECTED),
  /** {@code nbd_aio_trim}. */
  AIO_TRIM("1.0", StateWord.CONNECTED),
  /** {@code nbd_aio_cache}. */
  AIO_CACHE("1.0", StateWord.CONNECTED),
  /** {@code nbd_aio_zero}. */
  AIO_ZERO("1.0", StateWord.CONNECTED),
  /** {@code nbd_aio_block_status}. */
  AIO_BLOCK_STATUS("1.0", StateWord.CONNECTED),
  /** {@code nbd_aio_block_status_64}. */
  AIO_BLOCK_STATUS_64("1.18", StateWord.CONNECTED),
  /** {@code nbd_aio_block_status_filter}. */
  AIO_BLOCK_STATUS_FILTER("1.18", StateWord.CONNECTED),
  /** {@code nbd_poll}. */
  POLL("1.0"),
  /** {@code nbd_poll2}. */
  POLL2("1.16"),
  /** {@code nbd_aio_get_fd}. */
  AIO_GET_FD("1.0"),
  /** {@code nbd_aio_get_direction}. */
  AIO_GET_DIRECTION("1.0"),
  /** {@code nbd_aio_notify_read}. */
  AIO_NOTIFY_READ("1.0"),
  /** {@code nbd_aio_notify_write}. */
  AIO_NOTIFY_WRITE("1.0"),
  /** {@code nbd_aio_is_created}. */
  AIO_IS_CREATED("1.0"),
  /** {@code nbd_aio_is_connecting}. */
  AIO_IS_CONNECTING("1.0"),
  /** {@code nbd_aio_is_negotiating}. */
  AIO_IS_NEGOTIATING("1.4"),
  /** {@code nbd_aio_is_ready}. */
  AIO_IS_READY("1.0"),
  /** {@code nbd_aio_is_processing}. */
  AIO_IS_PROCESSING("1.0"),
  /** {@code nbd_aio_is_dead}. */
  AIO_IS_DEAD("1.0"),
  /** {@code nbd_aio_is_closed}. */
  AIO_IS_CLOSED("1.0"),
  /** {@code nbd_connection_state}. */
  CONNECTION_STATE("1.0"),
  /** {@code nbd_aio_command_completed}. */
  AIO_COMMAND_COMPLETED("1.0"),
  /** {@code nbd_aio_peek_command_completed}. */
  AIO_PEEK_COMMAND_COMPLETED("1.0"),
  /** {@code nbd_aio_in_flight}. */
  AIO_IN_FLIGHT("1.0", StateWord.CONNECTED, StateWord.CLOSED, StateWord.DEAD),
  /** {@code nbd_get_package_name}. */
  GET_PACKAGE_NAME("1.0"),
  /** {@code nbd_get_version}. */
  GET_VERSION("1.0"),
  /** {@code nbd_kill_subprocess}. */
  KILL_SUBPROCESS("1.0"),
  /** {@code nbd_get_subprocess_pid}. */
  GET_SUBPROCESS_PID("1.22"),
  /** {@code nbd_supports_tls}. */
  SUPPORTS_TLS("1.0"),
  /** {@code nbd_supports_vsock}. */
  SUPPORTS_VSOCK("1.16"),
  /** {@code nbd_supports_uri}. */
  SUPPORTS_URI("1.0"),
  /** {@code nbd_get_uri}. */
  GET_URI(
      "1.8",
      StateWord.CONNECTING,
      StateWord.NEGOTIATING,
      StateWord.CONNECTED,
      StateWord.CLOSED,
      StateWord.DEAD),
  /** {@code nbd_is_uri}. */
  IS_URI("1.22");

  private final String since;

  @SuppressWarnings("ImmutableEnumChecker") // An unmodifiable view of a set that nobody else has.
  private final Set<StateWord> permitted;

  private final String functionName;
  private final String methodName;

  ApiCall(String since, StateWord... permitted) {
    this.since = since;
    EnumSet<StateWord> words = EnumSet.noneOf(StateWord.class);
    Collections.addAll(words, permitted);
    this.permitted =
        Collections.unmodifiableSet(words.isEmpty() ? EnumSet.allOf(StateWord.class) : words);
    this.functionName = "nbd_" + name().toLowerCase(Locale.ROOT);
    this.methodName = camelCase(name());
  }

  private static String camelCase(String constant) {
    StringBuilder text = new StringBuilder(constant.length());
    boolean raise = false;
    for (int i = 0; i < constant.length(); i++) {
      char letter = constant.charAt(i);
      if (letter == '_') {
        raise = true;
      } else {
        text.append(raise ? letter : Character.toLowerCase(letter));
        raise = false;
      }
    }
    return text.toString();
  }

  /**
   * The first stable version of libnbd that has the function, for example {@code 1.16}.
   *
   * @return major and minor number
   */
  public String since() {
    return since;
  }

  /**
   * The states in which the function is permitted.
   *
   * @return an unmodifiable set; all of them for a function that is never refused
   */
  public Set<StateWord> permitted() {
    return permitted;
  }

  /**
   * The C name, for example {@code nbd_aio_connect_command}.
   *
   * @return the name with its prefix, as in error messages
   */
  public String functionName() {
    return functionName;
  }

  /**
   * The Java name, for example {@code aioConnectCommand}.
   *
   * @return the name in camel case without the prefix
   */
  public String methodName() {
    return methodName;
  }

  /**
   * Finds a function by its C name, with or without the prefix {@code nbd_}.
   *
   * @param function the name, for example {@code nbd_get_uri} or {@code get_uri}
   * @return the row, or empty if this version has no such function
   */
  public static Optional<ApiCall> find(String function) {
    String full = function.startsWith("nbd_") ? function : "nbd_" + function;
    for (ApiCall call : values()) {
      if (call.functionName.equals(full)) {
        return Optional.of(call);
      }
    }
    return Optional.empty();
  }
}
