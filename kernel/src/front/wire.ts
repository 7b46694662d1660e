import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";

/** The file that Jupyter hands to a kernel: where to listen, and the key that signs messages. */
export interface Connection {
  readonly transport: string;
  readonly ip: string;
  readonly shell_port: number;
  readonly control_port: number;
  readonly iopub_port: number;
  readonly stdin_port: number;
  readonly hb_port: number;
  readonly key: string;
  readonly signature_scheme: string;
}

/** Reads Jupyter's connection file. @throws Error if it is missing or not JSON. */
export function readConnection(path: string): Connection {
  return JSON.parse(readFileSync(path, "utf8")) as Connection;
}

export interface Header {
  readonly msg_id: string;
  readonly session: string;
  readonly username: string;
  readonly date: string;
  readonly msg_type: string;
  readonly version: string;
}

export interface Message {
  readonly identities: readonly Buffer[];
  readonly header: Header;
  readonly content: Readonly<Record<string, unknown>>;
}

export interface Outgoing {
  readonly kind: string;
  /** The content as JSON text. */
  readonly json: string;
  /** Header of the request that this answers; undefined for output that belongs to none. */
  readonly parent: Header | undefined;
  readonly identities?: readonly (Buffer | string)[];
}

const DELIMITER = Buffer.from("<IDS|MSG>");
export const PROTOCOL_VERSION = "5.3";

/**
 * Jupyter's wire protocol: `[identities…, delimiter, signature, header, parent, metadata, content]`.
 * @see https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol
 */
export class Wire {
  private readonly session = randomUUID();
  private readonly username = userInfo().username;
  private readonly algorithm: string;

  constructor(private readonly connection: Pick<Connection, "key" | "signature_scheme">) {
    this.algorithm = connection.signature_scheme.replace(/^hmac-/, "");
  }

  /** @throws Error if the frames are not a message or not signed with the connection's key. */
  decode(frames: readonly Buffer[]): Message {
    const at = frames.findIndex((frame) => frame.equals(DELIMITER));
    const [signature, header, parent, metadata, content] = frames.slice(at + 1);
    if (at < 0 || !signature || !header || !parent || !metadata || !content) {
      throw new Error("A frame of the Jupyter message is missing.");
    }
    const expected = Buffer.from(this.sign([header, parent, metadata, content]));
    const valid = expected.length === signature.length && timingSafeEqual(expected, signature);
    if (!valid && this.connection.key !== "") throw new Error("The signature is wrong.");
    return {
      identities: frames.slice(0, at),
      header: JSON.parse(header.toString()) as Header,
      content: JSON.parse(content.toString()) as Record<string, unknown>,
    };
  }

  encode({ kind, json, parent, identities = [] }: Outgoing): (Buffer | string)[] {
    const header: Header = {
      msg_id: randomUUID(),
      session: this.session,
      username: this.username,
      date: new Date().toISOString(),
      msg_type: kind,
      version: PROTOCOL_VERSION,
    };
    const parts = [JSON.stringify(header), JSON.stringify(parent ?? {}), "{}", json];
    return [...identities, DELIMITER, this.sign(parts), ...parts];
  }

  private sign(parts: readonly (Buffer | string)[]): string {
    if (this.connection.key === "") return "";
    const hmac = createHmac(this.algorithm, this.connection.key);
    for (const part of parts) hmac.update(part);
    return hmac.digest("hex");
  }
}
