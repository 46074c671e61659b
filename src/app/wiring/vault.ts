import { secretKeyUnder } from '../../redis/secret-key.js';
import { openVault, type Vault } from '../../redis/vault.js';
import type { Settings } from '../../settings.js';

/** For callers that may not need the key: a missing key is made when it is first used. */
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
