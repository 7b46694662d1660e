type Content = Readonly<Record<string, unknown>>;

/** The comms that are open, for those who ask. */
export class OpenComms {
  private readonly targets = new Map<string, unknown>();

  /** Notes a message about a comm, of either side. */
  note(kind: string, { comm_id, target_name }: Content): void {
    if (kind === "comm_open") this.targets.set(String(comm_id), target_name);
    if (kind === "comm_close") this.targets.delete(String(comm_id));
  }

  /** Content of a `comm_info_reply`. */
  reply({ target_name: asked }: Content): Content {
    const comms = [...this.targets]
      .filter(([, target]) => asked === undefined || asked === target)
      .map(([id, target_name]) => [id, { target_name }]);
    return { status: "ok", comms: Object.fromEntries(comms) as Content };
  }
}
