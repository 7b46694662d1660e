/**
 * What the two threads of the kernel say to each other. The front thread owns the sockets; the cell
 * thread runs cells. Content travels as JSON text: it is a snapshot of the moment of sending.
 */

/** Number of a request, given by the front. 0: no request, for output that belongs to no cell. */
export type RequestId = number;

export interface ExecuteOrder {
  readonly type: "execute";
  readonly request: RequestId;
  /** The number in brackets beside the cell. */
  readonly count: number;
  readonly code: string;
  readonly silent: boolean;
  readonly userExpressions: Readonly<Record<string, string>>;
}

/** A question about code: complete, inspect or is_complete. */
export interface Question {
  readonly type: "question";
  readonly request: RequestId;
  readonly about: "complete" | "inspect" | "is_complete";
  readonly content: Readonly<Record<string, unknown>>;
}

/** What a page says through a comm, which it opens and the code of cells answers. */
export interface CommOrder {
  readonly type: "comm";
  readonly kind: "comm_open" | "comm_msg" | "comm_close";
  readonly content: Readonly<Record<string, unknown>>;
}

/**
 * One stage of an interrupt. `ask`: abort the cell's signal. `stop`: reject what the cell awaits.
 * `settle`: answer for the cell now, whatever it does.
 */
export interface InterruptOrder {
  readonly type: "interrupt";
  readonly stage: "ask" | "stop" | "settle";
  /** The cell that is meant; 0: none is running, stop what earlier ones left in the background. */
  readonly request: RequestId;
  /** Written to the shared state when heard, so that the front knows that the thread is free. */
  readonly serial: number;
}

/** `shutdown`: end the running cell and say goodbye. `exit`: everything is sent, end the process. */
export interface EndOrder {
  readonly type: "shutdown" | "exit";
}

export type ToCells = ExecuteOrder | Question | CommOrder | InterruptOrder | EndOrder;

export type StreamName = "stdout" | "stderr";

export type ToFront =
  | {
      readonly type: "publish";
      readonly request: RequestId;
      readonly kind: PublishedKind;
      readonly json: string;
    }
  | {
      readonly type: "stream";
      readonly request: RequestId;
      readonly name: StreamName;
      readonly text: string;
    }
  | {
      readonly type: "executed";
      readonly request: RequestId;
      readonly outcome: Outcome;
      readonly json: string;
    }
  | { readonly type: "answer"; readonly request: RequestId; readonly json: string }
  | { readonly type: "interrupted-by-signal" }
  | { readonly type: "goodbye" };

export type PublishedKind =
  | "execute_result"
  | "display_data"
  | "update_display_data"
  | "clear_output"
  | "error"
  | "comm_msg"
  | "comm_close";

/** How a cell ended. After `error` (if the client asks) and `interrupted`, waiting cells are dropped. */
export type Outcome = "ok" | "error" | "interrupted";

export interface FrontSetup {
  readonly connectionFile: string;
  readonly shared: SharedArrayBuffer;
}
