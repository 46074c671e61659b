import { secretKeyUnder } from '../../redis/secret-key.js';
import { openVault, type Vault } from '../../redis/vault.js';
import type { Settings } from '../../settings.js';

/** For whoever may not need it: a key that is missing is made. */
export function vaultLater(settings: Settings): () => Vault {
  let vault: Vault | undefined;
  return () => {
    vault ??= vaultOf(settings);
    return vault;
  };
}

export function vaultOf(settings: Settings): Vault {
  return openVault(settings.secretKey ?? secretKeyUnder(settings.home), settings.secretKeyPrevious);
}
