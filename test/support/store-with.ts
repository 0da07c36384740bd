import type { Store } from "../../gateway/store/port.ts";

/** The store with some of its calls replaced. */
export function storeWith(store: Store, instead: Partial<Store>): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(name in instead ? instead : target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
