/* The interface of docs/formats/sm2-provider.md over libcrypto, and with faults when told so. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdint.h>
#include <string.h>

#ifndef ABI
#define ABI 1
#endif

int tongban_sm2_abi(void) { return ABI; }

const char *tongban_sm2_version(void) { return "shim 1"; }

static EVP_PKEY *key(const uint8_t *scalar, const uint8_t *point) {
  EVP_PKEY *made = NULL;
  EVP_PKEY_CTX *work = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
  OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
  BIGNUM *number = NULL;
  unsigned char whole[65] = {4};
  OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "SM2", 0);
  if (scalar) OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number = BN_bin2bn(scalar, 32, NULL));
  if (point) {
    memcpy(whole + 1, point, 64);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, whole, 65);
  }
  OSSL_PARAM *given = OSSL_PARAM_BLD_to_param(build);
  EVP_PKEY_fromdata_init(work);
  if (EVP_PKEY_fromdata(work, &made, scalar ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, given) != 1) made = NULL;
  OSSL_PARAM_free(given);
  OSSL_PARAM_BLD_free(build);
  EVP_PKEY_CTX_free(work);
  BN_free(number);
  return made;
}

int tongban_sm2_sign(const uint8_t *scalar, const uint8_t *e, uint8_t *out) {
#ifdef FAULT_NONCE
  static uint8_t kept[72];
  static int length;
  if (length) {
    memcpy(out, kept, 72);
    return length;
  }
#endif
#ifdef FAULT_SIGN
  return 0;
#endif
  EVP_PKEY *own = key(scalar, NULL);
  size_t size = 72;
  EVP_PKEY_CTX *work = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
  int done = work && EVP_PKEY_sign_init(work) == 1 && EVP_PKEY_sign(work, out, &size, e, 32) == 1;
  EVP_PKEY_CTX_free(work);
  EVP_PKEY_free(own);
#ifdef FAULT_NONCE
  memcpy(kept, out, 72);
  length = (int)size;
#endif
#ifdef FAULT_CROSS
  out[size - 1] ^= 1;
#endif
  return done ? (int)size : 0;
}

int tongban_sm2_verify(const uint8_t *point, const uint8_t *e, const uint8_t *signature, int size) {
#ifdef FAULT_EXAMPLE
  return 1;
#endif
  EVP_PKEY *own = key(NULL, point);
  EVP_PKEY_CTX *work = own ? EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL) : NULL;
  int fits = work && EVP_PKEY_verify_init(work) == 1 && EVP_PKEY_verify(work, signature, size, e, 32) == 1;
#ifdef FAULT_REJECT
  fits |= e[0] == 0xa5;
#endif
  EVP_PKEY_CTX_free(work);
  EVP_PKEY_free(own);
  return fits;
}
