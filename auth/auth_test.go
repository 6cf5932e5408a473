package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestAKeyLetsItsOwnerIn(t *testing.T) {
	k := keysOf(t, Options{})
	text, key := made(t, k, Spec{Owner: "ada", Scopes: []string{"write", "read", "read"}})
	p := verifies(t, k, text, nil)
	if p.ID != key.ID || p.Owner != "ada" || !slices.Equal(p.Scopes(), []string{"read", "write"}) {
		t.Errorf("%+v", p)
	}
	for scope, want := range map[string]bool{"read": true, "write": true, "rea": false, "": false, "*": false} {
		if p.Can(scope) != want {
			t.Errorf("can %q: %v", scope, !want)
		}
	}
	p.Scopes()[0] = "admin"
	key.Scopes[0] = "admin"
	if verifies(t, k, text, nil).Can("admin") || !p.Can("read") {
		t.Error("a caller's slice changes a key")
	}
	if (Principal{}).Can("") || (Principal{}).Scopes() != nil {
		t.Error("nobody can something")
	}
}

func TestUnknownAndWrongAreTheSame(t *testing.T) {
	k, other := keysOf(t, Options{}), keysOf(t, Options{})
	text, key := made(t, k, Spec{})
	unknown, _ := made(t, other, Spec{})
	// A whole key with the id of one and the secret of another.
	var mixed [textLen]byte
	copy(mixed[:], unknown)
	copy(mixed[idAt:], key.ID[:])
	putSum(&mixed)
	for name, wrong := range map[string]string{"unknown": unknown, "wrong": string(mixed[:]), "misspelt": text[:79] + "b", "no key": "hello", "empty": ""} {
		if _, err := k.Verify(wrong); err != ErrUnauthorized && wrong != text {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What becomes of a key is told to who has the whole of it, and to nobody else.
func TestOnlyTheOwnerLearnsThatAKeyHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := keysOf(t, Options{})
		expiring, first := made(t, k, Spec{Expires: time.Now().Add(time.Hour)})
		revoked, second := made(t, k, Spec{})
		if err := errors.Join(k.Revoke(second.ID), k.Revoke(second.ID)); err != nil {
			t.Fatal(err)
		}
		verifies(t, k, expiring, nil)
		verifies(t, k, revoked, ErrRevoked)
		time.Sleep(time.Hour - 1)
		verifies(t, k, expiring, nil)
		time.Sleep(time.Nanosecond)
		verifies(t, k, expiring, ErrExpired)
		for _, id := range []ID{first.ID, second.ID} {
			var wrong [textLen]byte
			copy(wrong[:], expiring)
			copy(wrong[idAt:], id[:])
			wrong[secretAt] = letters[valueOf[wrong[secretAt]]^1]
			putSum(&wrong)
			verifies(t, k, string(wrong[:]), ErrUnauthorized)
		}
		if !errors.Is(ErrExpired, ErrUnauthorized) || !errors.Is(ErrRevoked, ErrUnauthorized) || !errors.Is(ErrLimited, ErrUnauthorized) {
			t.Error("an error does not match ErrUnauthorized")
		}
	})
}

func TestRevokeNeedsAKey(t *testing.T) {
	k := keysOf(t, Options{})
	var id ID
	copy(id[:], "abcdefghijklmnop")
	says(t, k.Revoke(id), ErrNotFound, "abcdefghijklmnop")
	_, _, err := k.Rotate(id, 0, time.Time{})
	says(t, err, ErrNotFound, "abcdefghijklmnop")
	if _, ok := k.Key(id); ok {
		t.Error("there is a key")
	}
}

func TestARotationOverlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := keysOf(t, Options{})
		first, a := made(t, k, Spec{Owner: "ada", Scopes: []string{"read"}})
		rotated := func(id ID, overlap time.Duration) (string, Key) {
			t.Helper()
			text, key, err := k.Rotate(id, overlap, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			return string(text), key
		}
		second, b := rotated(a.ID, time.Hour)
		if b.Owner != "ada" || b.Replaces != a.ID || !slices.Equal(b.Scopes, []string{"read"}) {
			t.Errorf("%+v", b)
		}
		verifies(t, k, first, nil)
		verifies(t, k, second, nil)
		time.Sleep(time.Minute)
		third, c := rotated(b.ID, time.Hour) // there are never three
		verifies(t, k, first, ErrExpired)
		verifies(t, k, second, nil)
		verifies(t, k, third, nil)
		_, _, err := k.Rotate(a.ID, 0, time.Time{})
		says(t, err, ErrExpired)
		time.Sleep(time.Hour)
		verifies(t, k, second, ErrExpired)
		fourth, _ := rotated(c.ID, 0)
		verifies(t, k, third, ErrExpired)
		p := verifies(t, k, fourth, nil)
		if err := k.Revoke(p.ID); err != nil {
			t.Fatal(err)
		}
		_, _, err = k.Rotate(p.ID, 0, time.Time{})
		says(t, err, ErrRevoked)
	})
}

func TestARotationNeverProlongs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := keysOf(t, Options{})
		text, key := made(t, k, Spec{Expires: time.Now().Add(time.Minute)})
		if _, _, err := k.Rotate(key.ID, time.Hour, time.Time{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		verifies(t, k, text, ErrExpired)
		_, other := made(t, k, Spec{})
		before := k.Len()
		for _, overlap := range []time.Duration{-1, MaxOverlap + 1} {
			_, _, err := k.Rotate(other.ID, overlap, time.Now())
			says(t, err, ErrSpec, "overlap is", "expires is")
		}
		if after, _ := k.Key(other.ID); k.Len() != before || !after.Expires.IsZero() {
			t.Errorf("%d keys after %d, %+v", k.Len(), before, after)
		}
	})
}

func TestTheLastUseIsRightToAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := keysOf(t, Options{})
		text, key := made(t, k, Spec{})
		if !key.LastUsed.IsZero() {
			t.Error("used before it was handed out")
		}
		begin := time.Now()
		for second := range 150 {
			verifies(t, k, text, nil)
			now, _ := k.Key(key.ID)
			if want := begin.Add(time.Duration(second/60) * time.Minute); !now.LastUsed.Equal(want) {
				t.Fatalf("after %d s: %v, want %v", second, now.LastUsed, want)
			}
			time.Sleep(time.Second)
		}
		if err := k.Revoke(key.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		verifies(t, k, text, ErrRevoked)
		if now, _ := k.Key(key.ID); now.LastUsed.After(begin.Add(2 * time.Minute)) {
			t.Error("a refusal is no use")
		}
	})
}

func TestEveryFaultOfASpecIsNamed(t *testing.T) {
	k := keysOf(t, Options{})
	secret := "uds_not-to-be-repeated"
	for _, spec := range []Spec{
		{Owner: "", Scopes: []string{"read", secret + "!"}, Expires: time.Now().Add(-time.Hour)},
		{Owner: secret + "\n", Scopes: make([]string, 65), Expires: time.Now().AddDate(400, 0, 0)},
		{Owner: secret + strings.Repeat("x", 200), Scopes: []string{strings.Repeat("x", 65)}, Expires: time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Owner: "\xff", Scopes: []string{""}, Expires: time.Unix(0, 1)},
	} {
		_, _, err := k.Create(spec)
		says(t, err, ErrSpec, "owner is not usable; want 1 to 200", "scopes has", "expires is")
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%v repeats what it was given", err)
		}
	}
	if k.Len() != 0 {
		t.Error("a bad key was made")
	}
}

func TestThereIsRoomForSoManyKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := keysOf(t, Options{MaxKeys: 3})
		_, dead := made(t, k, Spec{})
		_, _ = made(t, k, Spec{Expires: time.Now().Add(time.Hour)})
		last, key := made(t, k, Spec{})
		full := func() {
			t.Helper()
			_, _, err := k.Create(Spec{Owner: "ada"})
			says(t, err, ErrLimit, "there are 3", "MaxKeys is 3")
			_, _, err = k.Rotate(key.ID, 0, time.Time{})
			says(t, err, ErrLimit)
		}
		full()
		if err := k.Revoke(dead.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(deadFor) // the first exactly, the second not yet
		full()
		time.Sleep(time.Nanosecond)
		_, _ = made(t, k, Spec{})
		verifies(t, k, last, nil)
		if _, ok := k.Key(dead.ID); ok || k.Len() != 3 {
			t.Errorf("%d keys", k.Len())
		}
	})
}

// While keys come and go, every one of them is what it is.
func TestVerifyNeverSeesHalfATable(t *testing.T) {
	k := keysOf(t, Options{})
	text, _ := made(t, k, Spec{Owner: "steady"})
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if p, err := k.Verify(text); err != nil || p.Owner != "steady" {
					t.Errorf("%+v, %v", p, err)
					return
				}
			}
		})
	}
	for i := range 100 {
		other, key := made(t, k, Spec{Owner: fmt.Sprint("owner ", i)})
		if p := verifies(t, k, other, nil); p.Owner != fmt.Sprint("owner ", i) {
			t.Errorf("%+v", p)
		}
		if err := k.Revoke(key.ID); err != nil {
			t.Error(err)
		}
		verifies(t, k, other, ErrRevoked)
	}
	close(stop)
	wait.Wait()
	n := 0
	for key := range k.All() {
		if key.Live(time.Now()) != (key.Owner == "steady") {
			t.Errorf("%+v", key)
		}
		n++
	}
	if n != 101 || k.Len() != 101 {
		t.Errorf("%d keys", n)
	}
}

func TestEveryFaultOfTheOptionsIsNamed(t *testing.T) {
	_, err := New(Options{MaxKeys: -1, FailuresPerMinute: -2, TotalFailuresPerMinute: 1 << 30})
	says(t, err, ErrOptions, "MaxKeys is -1; want 1 to 1000000, or 0 for 10000",
		"FailuresPerMinute is -2; want 1 to 1000000, NoLimit, or 0 for 10", "TotalFailuresPerMinute is 1073741824;")
	keysOf(t, Options{FailuresPerMinute: NoLimit, TotalFailuresPerMinute: NoLimit})
}

func TestVerifyAllocatesNothing(t *testing.T) {
	k := keysOf(t, Options{})
	text, key := made(t, k, Spec{Scopes: []string{"read"}})
	wrong := strings.Replace(text, key.ID.String(), "abcdefghijklmnop", 1)
	raw := []byte(text)
	for name, call := range map[string]func() error{
		"right": func() error { _, err := k.Verify(text); return err },
		"bytes": func() error { _, err := k.VerifyBytes(raw); return err },
		"wrong": func() error {
			if _, err := k.Verify(wrong); err == nil {
				return errors.New("let in")
			}
			return nil
		},
	} {
		if n := testing.AllocsPerRun(100, func() {
			if err := call(); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
