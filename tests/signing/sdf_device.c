/* A device by GM/T 0018 with two SM2 keys, in software, for tests: numbers padded to 64 octets. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <string.h>

#define KEYS 2
#define NO_KEY 0x01000008
#define NO_RIGHT 0x01000018

typedef struct { unsigned int bits; unsigned char x[64], y[64]; } PublicKey;
typedef struct { unsigned char r[64], s[64]; } Signature;
typedef struct { int rights[KEYS]; } Session;

static EVP_PKEY *keys[KEYS];

int SDF_OpenDevice(void **device) {
  for (int at = 0; at < KEYS; at++)
    if (!keys[at]) keys[at] = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
  *device = keys;
  return 0;
}

int SDF_OpenSession(void *device, void **session) {
  *session = OPENSSL_zalloc(sizeof(Session));
  return device ? 0 : NO_KEY;
}

int SDF_CloseSession(void *session) {
  OPENSSL_free(session);
  return 0;
}

int SDF_GetPrivateKeyAccessRight(void *session, unsigned int index, unsigned char *pin, unsigned int size) {
  if (index < 1 || index > KEYS) return NO_KEY;
  if (size != 8 || memcmp(pin, "11111111", 8)) return NO_RIGHT;
  ((Session *)session)->rights[index - 1] = 1;
  return 0;
}

int SDF_ExportSignPublicKey_ECC(void *session, unsigned int index, PublicKey *out) {
  unsigned char point[65];
  size_t size = 0;
  (void)session;
  if (index < 1 || index > KEYS) return NO_KEY;
  memset(out, 0, sizeof *out);
  out->bits = 256;
  EVP_PKEY_get_octet_string_param(keys[index - 1], OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, sizeof point, &size);
  memcpy(out->x + 32, point + 1, 32);
  memcpy(out->y + 32, point + 33, 32);
  return 0;
}

int SDF_InternalSign_ECC(void *session, unsigned int index, unsigned char *e, unsigned int size, Signature *out) {
  unsigned char der[128];
  const unsigned char *at = der;
  size_t length = sizeof der;
  if (index < 1 || index > KEYS) return NO_KEY;
  if (!((Session *)session)->rights[index - 1]) return NO_RIGHT;
  EVP_PKEY_CTX *work = EVP_PKEY_CTX_new(keys[index - 1], NULL);
  EVP_PKEY_sign_init(work);
  EVP_PKEY_sign(work, der, &length, e, size);
  EVP_PKEY_CTX_free(work);
  ECDSA_SIG *made = d2i_ECDSA_SIG(NULL, &at, (long)length);
  BN_bn2binpad(ECDSA_SIG_get0_r(made), out->r, 64);
  BN_bn2binpad(ECDSA_SIG_get0_s(made), out->s, 64);
  ECDSA_SIG_free(made);
  return 0;
}
