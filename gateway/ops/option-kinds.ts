import { z } from "zod";

/**
 * One row of the table of options. Flag, variable and key of the configuration file follow from the row's name:
 * `holdBytesMax` is `--hold-bytes-max`, `ROOMGATE_HOLD_BYTES_MAX` and `"holdBytesMax"`.
 */
export interface OptionRow<Value> {
  readonly default: Value;
  /** Shown in the help as `--flag <unit>`; `undefined` for a flag without a value. */
  readonly unit: string | undefined;
  readonly help: string;
  readonly schema: z.ZodType<Value>;
  /** What a flag or variable says, as the value that a configuration file would hold; the schema judges it. */
  readonly fromText: (text: string) => unknown;
  /** Given several times on the command line, separated by commas in a variable. */
  readonly isList: boolean;
  /** Never shown, not in a log, not by `check-config`. */
  readonly isSecret: boolean;
}

interface NumberOptions {
  readonly default: number;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly help: string;
}

const plainRow = { isList: false, isSecret: false } as const;

const numberFromText = (text: string): unknown => (/^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text);

/** A whole number between two bounds. */
export function integer(options: NumberOptions): OptionRow<number> & { readonly max: number } {
  const message = `must be a whole number from ${options.min} to ${options.max}`;
  const schema = z
    .number({ error: message })
    .refine((value) => Number.isInteger(value) && value >= options.min && value <= options.max, { error: message });
  return { ...plainRow, ...options, schema, fromText: numberFromText };
}

/** A number between two bounds. */
export function decimal(options: NumberOptions): OptionRow<number> {
  const message = `must be a number from ${options.min} to ${options.max}`;
  const schema = z
    .number({ error: message })
    .refine((value) => value >= options.min && value <= options.max, { error: message });
  return { ...plainRow, ...options, schema, fromText: numberFromText };
}

export function choice<const Word extends string>(
  words: readonly [Word, ...Word[]],
  options: { readonly default: Word; readonly help: string },
): OptionRow<Word> {
  const schema = z.enum(words, { error: `must be one of ${words.join(", ")}` }) as unknown as z.ZodType<Word>;
  return { ...plainRow, ...options, unit: words.join("|"), schema, fromText: (text) => text };
}

interface TextOptions<Value> {
  readonly default: Value;
  readonly unit: string;
  readonly help: string;
  readonly isValid?: (text: string) => boolean;
  /** What a valid one looks like: "must be …". */
  readonly rule?: string;
}

const textSchema = (options: TextOptions<unknown>) => {
  const error = `must be ${options.rule ?? "a text that is not empty"}`;
  const isValid = options.isValid ?? ((text: string) => text.length > 0);
  return z.string({ error }).refine((text) => text.length <= 4096 && isValid(text), { error });
};

export function text(options: TextOptions<string>): OptionRow<string> {
  const { default: value, unit, help } = options;
  return { ...plainRow, default: value, unit, help, schema: textSchema(options), fromText: (given) => given };
}

/** A text that may be left out; `isSecret` where it must not be shown. */
export function optionalText(
  options: Omit<TextOptions<undefined>, "default"> & { readonly isSecret?: boolean },
): OptionRow<string | undefined> {
  return {
    ...plainRow,
    default: undefined,
    unit: options.unit,
    help: options.help,
    isSecret: options.isSecret ?? false,
    schema: textSchema({ ...options, default: undefined }).optional(),
    fromText: (given) => given,
  };
}

export function textList(options: Omit<TextOptions<undefined>, "default">): OptionRow<readonly string[]> {
  return {
    ...plainRow,
    default: [],
    unit: options.unit,
    help: options.help,
    isList: true,
    schema: z.array(textSchema({ ...options, default: undefined }), { error: "must be a list of texts" }).max(1000),
    fromText: (given) => given.split(",").filter((item) => item !== ""),
  };
}

/** On or off: `--name` and `--no-name`; in a variable `true`, `false`, `1`, `0`. */
export function toggle(options: { readonly default: boolean; readonly help: string }): OptionRow<boolean> {
  const words: Readonly<Record<string, boolean>> = { true: true, "1": true, false: false, "0": false };
  const schema = z.boolean({ error: "must be true or false" });
  return { ...plainRow, ...options, unit: undefined, schema, fromText: (given) => words[given] ?? given };
}
