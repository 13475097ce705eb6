import { ChannelPrefix } from "./channel-prefix.js";
import { type Codec, CodecWords } from "./codec.js";
import type { As, Word } from "./commands/call.js";
import { type Wish, wishOf } from "./commands/decoders.js";
import type { Core } from "./core/core.js";
import { KeyPrefix } from "./key-prefix.js";
import type { Wanted } from "./requests.js";

/** The options that change commands. */
export interface ChangeOptions {
  readonly keyPrefix?: string | undefined;
  readonly channelPrefix?: string | undefined;
  readonly codec?: Codec | undefined;
}

/** What a client changes in commands before they are sent, and in their replies: values by the option codec, keys
    by keyPrefix, channels by channelPrefix. */
export class Changes {
  readonly #keyPrefix: KeyPrefix | undefined;
  readonly #channelPrefix: ChannelPrefix | undefined;
  readonly #codec: CodecWords | undefined;
  /** Whether there is nothing to change. */
  readonly areNone: boolean;

  constructor(core: Core, { keyPrefix = "", channelPrefix = "", codec }: ChangeOptions) {
    this.#keyPrefix = keyPrefix === "" ? undefined : new KeyPrefix(core, keyPrefix);
    this.#channelPrefix = channelPrefix === "" ? undefined : new ChannelPrefix(channelPrefix);
    this.#codec = codec === undefined ? undefined : new CodecWords(codec);
    this.areNone = keyPrefix === "" && channelPrefix === "" && codec === undefined;
  }

  /** The words as the server gets them. Throws what KeyPrefix and the codec throw. */
  words(words: readonly Word[]): readonly Word[] {
    let changed = this.#codec === undefined ? words : this.#codec.words(words);
    if (this.#keyPrefix !== undefined) changed = this.#keyPrefix.words(changed);
    return this.#channelPrefix === undefined ? changed : this.#channelPrefix.words(changed);
  }

  /** The same for a list of commands. */
  all(commands: readonly (readonly Word[])[]): readonly (readonly Word[])[] {
    return this.areNone ? commands : commands.map((words) => this.words(words));
  }

  key(key: Word): Word { return this.#keyPrefix?.key(key) ?? key; }

  /** The names of a subscription. */
  subscribed(names: readonly Word[], arePatterns: boolean): readonly Word[] {
    return this.#channelPrefix?.subscribed(names, arePatterns) ?? names;
  }

  /** How the reply to a command is wanted. */
  wanted(words: readonly Word[], wanted: Wanted): Wanted {
    return this.areNone ? wanted : { ...wanted, wish: this.wishFor(words, wanted.options?.as) };
  }

  /** How the strings of the reply to a command are wanted. */
  wishFor(words: readonly Word[], as: As | undefined): Wish {
    return wishOf(as, this.#codec?.unpacks(words));
  }
}
