// A faster SM2 for Tongban, made of github.com/emmansun/gmsm: see docs/formats/sm2-provider.md.
package main

// #include <stdint.h>
import "C"

import (
	"crypto/ecdsa"
	"crypto/rand"
	"sync"
	"unsafe"

	"github.com/emmansun/gmsm/sm2"
)

const most = 512 // keys of either kind that are kept ready

var (
	version = C.CString("gmsm 0.30.1")
	guard   sync.RWMutex
	private = map[[32]byte]*sm2.PrivateKey{}
	public  = map[[64]byte]*ecdsa.PublicKey{}
)

//export tongban_sm2_abi
func tongban_sm2_abi() C.int { return 1 }

//export tongban_sm2_version
func tongban_sm2_version() *C.char { return version }

//export tongban_sm2_sign
func tongban_sm2_sign(scalar, digest, out *C.uint8_t) C.int {
	key := privateKey(*(*[32]byte)(unsafe.Pointer(scalar)))
	if key == nil {
		return 0
	}
	made, err := sm2.SignASN1(rand.Reader, key, octets(digest, 32), nil)
	if err != nil || len(made) > 72 {
		return 0
	}
	return C.int(copy(octets(out, 72), made))
}

//export tongban_sm2_verify
func tongban_sm2_verify(point, digest, signature *C.uint8_t, size C.int) C.int {
	key := publicKey(*(*[64]byte)(unsafe.Pointer(point)))
	if key != nil && sm2.VerifyASN1(key, octets(digest, 32), octets(signature, int(size))) {
		return 1
	}
	return 0
}

func octets(at *C.uint8_t, size int) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(at)), size) }

func privateKey(scalar [32]byte) *sm2.PrivateKey {
	guard.RLock()
	held := private[scalar]
	guard.RUnlock()
	if held != nil {
		return held
	}
	made, err := sm2.NewPrivateKey(scalar[:])
	if err != nil {
		return nil
	}
	guard.Lock()
	defer guard.Unlock()
	if len(private) >= most {
		clear(private)
	}
	private[scalar] = made
	return made
}

func publicKey(point [64]byte) *ecdsa.PublicKey {
	guard.RLock()
	held := public[point]
	guard.RUnlock()
	if held != nil {
		return held
	}
	made, err := sm2.NewPublicKey(append([]byte{4}, point[:]...))
	if err != nil {
		return nil
	}
	guard.Lock()
	defer guard.Unlock()
	if len(public) >= most {
		clear(public)
	}
	public[point] = made
	return made
}

func main() {}
