package io.nbd4j.engine.handshake;

import io.nbd4j.engine.session.Failure;
import io.nbd4j.model.CompletionCallback;
import io.nbd4j.model.ContextCallback;
import io.nbd4j.model.ListCallback;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An option that the caller asked for in negotiating mode, and what came of it. */
public abstract sealed class Operation {

  private final @Nullable CompletionCallback completion;
  private @Nullable Failure refusal;
  private int count;
  private boolean finished;

  Operation(@Nullable CompletionCallback completion) {
    this.completion = completion;
  }

  /** Enter transmission with the export name that is set. */
  public static final class Go extends Operation {
    public Go(@Nullable CompletionCallback completion) {
      super(completion);
    }
  }

  /** Ask about the export name that is set. */
  public static final class GetInfo extends Operation {
    public GetInfo(@Nullable CompletionCallback completion) {
      super(completion);
    }
  }

  /** End the connection in order. */
  public static final class Abort extends Operation {
    public Abort() {
      super(null);
    }
  }

  /** Ask for TLS. */
  public static final class StartTls extends Operation {
    public StartTls(@Nullable CompletionCallback completion) {
      super(completion);
    }
  }

  /** Ask for extended headers. */
  public static final class ExtendedHeaders extends Operation {
    public ExtendedHeaders(@Nullable CompletionCallback completion) {
      super(completion);
    }
  }

  /** Ask for structured replies. */
  public static final class StructuredReply extends Operation {
    public StructuredReply(@Nullable CompletionCallback completion) {
      super(completion);
    }
  }

  /** List the server's exports. */
  public static final class ListExports extends Operation {
    final ListCallback list;

    public ListExports(ListCallback list, @Nullable CompletionCallback completion) {
      super(completion);
      this.list = list;
    }
  }

  /** Ask which meta contexts there are, or select some. */
  public static final class MetaContexts extends Operation {
    final boolean set;
    final List<String> queries;
    final ContextCallback context;

    public MetaContexts(
        boolean set,
        List<String> queries,
        ContextCallback context,
        @Nullable CompletionCallback completion) {
      super(completion);
      this.set = set;
      this.queries = queries;
      this.context = context;
    }
  }

  /** The callback to run when the operation has ended, or null. */
  public @Nullable CompletionCallback completion() {
    return completion;
  }

  /** The server's refusal, or null if it agreed. */
  public @Nullable Failure refusal() {
    return refusal;
  }

  /** How many exports or meta contexts were reported. */
  public int count() {
    return count;
  }

  /** Whether the server's last word on it has arrived. */
  public boolean finished() {
    return finished;
  }

  void counted() {
    count++;
  }

  void finish(@Nullable Failure why) {
    refusal = why;
    finished = true;
  }
}
