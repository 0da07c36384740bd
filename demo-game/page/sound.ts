export type SoundName = "shot" | "hit" | "hurt" | "take" | "bank" | "fell" | "back";

interface Tone {
  readonly wave: OscillatorType;
  readonly fromHz: number;
  readonly toHz: number;
  readonly ms: number;
  readonly volume: number;
  readonly afterMs?: number;
}

const tones: Readonly<Record<SoundName, readonly Tone[]>> = {
  shot: [{ wave: "square", fromHz: 720, toHz: 240, ms: 80, volume: 0.05 }],
  hit: [{ wave: "triangle", fromHz: 320, toHz: 160, ms: 90, volume: 0.12 }],
  hurt: [{ wave: "sawtooth", fromHz: 180, toHz: 70, ms: 180, volume: 0.14 }],
  take: [{ wave: "sine", fromHz: 620, toHz: 930, ms: 110, volume: 0.12 }],
  bank: [
    { wave: "sine", fromHz: 660, toHz: 660, ms: 110, volume: 0.12 },
    { wave: "sine", fromHz: 880, toHz: 880, ms: 110, volume: 0.12, afterMs: 90 },
    { wave: "sine", fromHz: 1320, toHz: 1320, ms: 220, volume: 0.12, afterMs: 180 },
  ],
  fell: [
    { wave: "sawtooth", fromHz: 240, toHz: 40, ms: 420, volume: 0.16 },
    { wave: "triangle", fromHz: 120, toHz: 30, ms: 500, volume: 0.16 },
  ],
  back: [{ wave: "sine", fromHz: 330, toHz: 660, ms: 200, volume: 0.1 }],
};

const tonesAtOnceMax = 16;
const quietest = 0.0001;

/** Sounds made of tones, off until somebody wants them: browsers allow none before, and people neither. */
export class Sound {
  #context: AudioContext | undefined;
  #isOn = false;
  #playing = 0;

  get isOn(): boolean {
    return this.#isOn;
  }

  /** To be called from a click or a key. Answers whether sound is on now. */
  toggle(): boolean {
    this.#isOn = !this.#isOn;
    if (this.#isOn) {
      this.#context ??= new AudioContext();
      void this.#context.resume();
    } else void this.#context?.suspend();
    return this.#isOn;
  }

  /** `loudness` 0 to 1: what is far away is quieter. */
  play(name: SoundName, loudness = 1): void {
    if (!this.#isOn || loudness <= 0) return;
    for (const tone of tones[name]) if (this.#playing < tonesAtOnceMax) this.#sound(tone, loudness);
  }

  #sound({ wave, fromHz, toHz, ms, volume, afterMs = 0 }: Tone, loudness: number): void {
    const context = this.#context;
    if (context === undefined) return;
    const [start, end] = [context.currentTime + afterMs / 1000, context.currentTime + (afterMs + ms) / 1000];
    const oscillator = new OscillatorNode(context, { type: wave, frequency: fromHz });
    oscillator.frequency.setValueAtTime(fromHz, start);
    oscillator.frequency.exponentialRampToValueAtTime(toHz, end);
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(Math.max(volume * loudness, quietest), start);
    gain.gain.exponentialRampToValueAtTime(quietest, end);
    oscillator.connect(gain).connect(context.destination);
    this.#playing += 1;
    oscillator.onended = () => {
      this.#playing -= 1;
    };
    oscillator.start(start);
    oscillator.stop(end);
  }
}
