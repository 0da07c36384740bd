/** Something that happens once, and those who wait for it. */
export class Milestone {
  #reach: () => void = () => {};
  readonly reached = new Promise<void>((resolve) => {
    this.#reach = resolve;
  });

  /** Safe to call more than once. */
  reach(): void {
    this.#reach();
  }
}
