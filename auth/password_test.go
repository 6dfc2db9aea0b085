package auth_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/alexedwards/argon2id"

	"github.com/apiphant/apiphant/auth"
)

func TestPassword(t *testing.T) {
	t.Parallel()
	hash, err := auth.HashPassword(t.Context(), "correct horse")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("got %q, %v", hash, err)
	}
	weak := must(argon2id.CreateHash("pw", &argon2id.Params{Memory: 8 << 10, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}))
	pyverless := "pbkdf2_sha256$100000$saltsaltsalt$A9eEiy16r5F4e434mIYn+TXXnDlp16BcB2jQ51oEDIs="
	for _, test := range []struct {
		hash, password string
		ok, renew      bool
		err            error
	}{
		{hash, "correct horse", true, false, nil},
		{hash, "correct horse ", false, false, nil},
		{hash, "", false, false, nil},
		{hash, strings.Repeat("x", 10_000), false, false, nil},
		{weak, "pw", true, true, nil},
		{weak, "other", false, false, nil},
		{pyverless, "pw", true, true, nil},
		{pyverless, "other", false, false, nil},
		{"", "pw", false, false, nil},
		{"pw", "pw", false, false, auth.ErrHash},
		{"$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHRzYWx0c2Ex$cGFzc3dvcmRwYXNzd29yZHBhc3N3b3Jk", "pw", false, false, auth.ErrHash},
		{"$argon2id$v=19$m=19456,t=0,p=1$c2FsdHNhbHRzYWx0c2Ex$cGFzc3dvcmRwYXNzd29yZHBhc3N3b3Jk", "pw", false, false, auth.ErrHash},
		{"$argon2id$v=19$m=19456,t=2,p=0$c2FsdHNhbHRzYWx0c2Ex$cGFzc3dvcmRwYXNzd29yZHBhc3N3b3Jk", "pw", false, false, auth.ErrHash},
		{"$argon2id$v=19$m=19456,t=2,p=1$$", "", false, false, auth.ErrHash},
		{"pbkdf2_sha256$999999999$salt$A9eEiy16r5F4e434mIYn+TXXnDlp16BcB2jQ51oEDIs=", "pw", false, false, auth.ErrHash},
		{"pbkdf2_sha256$-1$salt$A9eEiy16r5F4e434mIYn+TXXnDlp16BcB2jQ51oEDIs=", "pw", false, false, auth.ErrHash},
		{"pbkdf2_sha256$1$salt$", "pw", false, false, auth.ErrHash},
		{strings.Repeat("$argon2id", 100), "pw", false, false, auth.ErrHash},
	} {
		ok, renew, err := auth.CheckPassword(t.Context(), test.hash, test.password)
		if ok != test.ok || renew != test.renew || !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("%.40s, %.20s: got %v, %v, %v", test.hash, test.password, ok, renew, err)
		}
	}
	for _, wrong := range []string{"", strings.Repeat("x", auth.MaxPassword+1)} {
		if _, err := auth.HashPassword(t.Context(), wrong); !errors.Is(err, auth.ErrPasswordLength) {
			t.Errorf("got %v, want ErrPasswordLength", err)
		}
	}
}

// TestPasswordWaits asks for more hashes than run at the same time, with a context that
// ends: what waits ends with it.
func TestPasswordWaits(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var group sync.WaitGroup
	errs := make(chan error, 100)
	for range cap(errs) {
		group.Go(func() {
			_, err := auth.HashPassword(ctx, "pw")
			if errs <- err; err == nil {
				cancel()
			}
		})
	}
	group.Wait()
	close(errs)
	ended := 0
	for err := range errs {
		if errors.Is(err, context.Canceled) {
			ended++
		} else if err != nil {
			t.Error(err)
		}
	}
	if ended < cap(errs)/2 {
		t.Errorf("%d of %d ended with their context", ended, cap(errs))
	}
}

func TestCipher(t *testing.T) {
	of, _ := keys(t, "HS256")
	c := auth.Cipher{Keys: of}
	text := must(c.Encrypt([]byte("secret"), []byte("user 1")))
	if plain, err := c.Decrypt(text, []byte("user 1")); err != nil || string(plain) != "secret" {
		t.Errorf("got %q, %v", plain, err)
	}
	if again := must(c.Encrypt([]byte("secret"), []byte("user 1"))); again == text {
		t.Error("the same text is encrypted to the same")
	}
	other, _ := keys(t, "HS256")
	if _, err := (auth.Cipher{Keys: other}).Decrypt(text, []byte("user 1")); !errors.Is(err, auth.ErrCiphertext) {
		t.Errorf("with other keys: %v", err)
	}
	dot := strings.LastIndexByte(text, '.')
	for _, wrong := range []string{"", ".", text[:dot], text[:len(text)-1], text + "A", text[dot:], text[:dot+1] + "A" + text[dot+2:], text + "=", text + "\n", "\r" + text} {
		if _, err := c.Decrypt(wrong, []byte("user 1")); wrong != text && !errors.Is(err, auth.ErrCiphertext) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if _, err := c.Decrypt(text, []byte("user 2")); !errors.Is(err, auth.ErrCiphertext) {
		t.Errorf("for another: %v", err)
	}
}
