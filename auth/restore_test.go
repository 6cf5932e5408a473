package auth

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestASnapshotBringsBackEveryKeyAsItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := keysOf(t, Options{})
		live, a := made(t, k, Spec{Owner: "ada", Scopes: []string{"b", "a"}, Expires: time.Now().Add(time.Hour)})
		revoked, b := made(t, k, Spec{Owner: "bob"})
		time.Sleep(time.Minute)
		verifies(t, k, live, nil)
		if err := k.Revoke(b.ID); err != nil {
			t.Fatal(err)
		}
		second, c, err := k.Rotate(a.ID, time.Minute, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		kept := lines(t, k)
		after := keysOf(t, Options{})
		if err := after.Restore(kept...); err != nil {
			t.Fatal(err)
		}
		for _, id := range []ID{a.ID, b.ID, c.ID} {
			before, _ := k.Key(id)
			if now, ok := after.Key(id); !ok || !reflect.DeepEqual(now, before) {
				t.Errorf("%+v, want %+v", now, before)
			}
		}
		if p := verifies(t, after, live, nil); !p.Can("a") || !p.Can("b") {
			t.Errorf("%+v", p)
		}
		verifies(t, after, string(second), nil)
		verifies(t, after, revoked, ErrRevoked)
		time.Sleep(time.Minute)
		verifies(t, after, live, ErrExpired)
		for _, r := range kept {
			line, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{live, revoked, string(second)} {
				if strings.Contains(string(line), text[secretAt:][:secretLen]) {
					t.Errorf("%s has a secret", line)
				}
			}
		}
	})
}

// Records of one key from several snapshots, in any order and any number, come to
// the same: nothing is brought back to life.
func TestRestoreOnlyEverEndsKeys(t *testing.T) {
	base := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(base))
		maker := keysOf(t, Options{})
		_, _ = made(t, maker, Spec{})
		r := lines(t, maker)[0]
		times := []time.Time{{}, base.Add(-3 * time.Hour), base.Add(-3*time.Hour + time.Second), base.Add(time.Hour)}
		for seed := range uint64(300) {
			random := rand.New(rand.NewPCG(seed, 3))
			var versions []Record
			for range 1 + random.IntN(4) {
				v := r
				v.Revoked, v.Expires, v.LastUsed = times[random.IntN(3)], times[random.IntN(4)], times[random.IntN(3)]
				versions = append(versions, v)
			}
			want := ""
			for range 4 {
				k := keysOf(t, Options{})
				for _, i := range random.Perm(len(versions)) {
					if err := k.Restore(versions[i], versions[random.IntN(i+1)]); err != nil {
						t.Fatal(err)
					}
				}
				got, _ := k.Key(r.ID)
				text := fmt.Sprint(got.Revoked, got.Expires, got.LastUsed)
				if want == "" {
					want = text
				}
				if text != want {
					t.Fatalf("seed %d: %s in one order, %s in another", seed, want, text)
				}
				for _, v := range versions {
					if got.Live(base) && !v.Live(base) {
						t.Fatalf("seed %d: %+v is alive after %+v", seed, got, v)
					}
				}
			}
		}
	})
}

func TestRestoreRefusesWhatContradictsAKey(t *testing.T) {
	k := keysOf(t, Options{MaxKeys: 2})
	text, key := made(t, k, Spec{})
	other := lines(t, k)[0]
	other.Hash[5] ^= 1
	fits, a := foreign(t, Spec{})
	tooMany, b := foreign(t, Spec{})
	err := k.Restore(other, a, b)
	says(t, err, ErrConflict, key.ID.String())
	says(t, err, ErrLimit, b.ID.String())
	verifies(t, k, text, nil)
	verifies(t, k, fits, nil)
	verifies(t, k, tooMany, ErrUnauthorized)
	if strings.Contains(err.Error(), other.Hash.String()) {
		t.Error("a hash is in the error")
	}
	err = k.Restore(slices.Repeat([]Record{b}, 100)...)
	if strings.Count(err.Error(), "no room") != maxFaults || !strings.Contains(err.Error(), "and 90 more") {
		t.Errorf("%v", err)
	}
}

func TestARestoredRecordIsACopy(t *testing.T) {
	text, r := foreign(t, Spec{Scopes: []string{"read"}})
	k := keysOf(t, Options{})
	if err := k.Restore(r); err != nil {
		t.Fatal(err)
	}
	r.Scopes[0] = "admin"
	if p := verifies(t, k, text, nil); p.Can("admin") || !p.Can("read") {
		t.Errorf("%+v", p)
	}
}

func TestWhatHasBeenDeadForLongIsNotRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r := foreign(t, Spec{Expires: time.Now().Add(time.Hour)})
		time.Sleep(time.Hour + deadFor)
		k := keysOf(t, Options{})
		if err := k.Restore(r); err != nil || k.Len() != 1 {
			t.Errorf("%d keys, %v", k.Len(), err)
		}
		time.Sleep(time.Nanosecond)
		k = keysOf(t, Options{})
		if err := k.Restore(r); err != nil || k.Len() != 0 {
			t.Errorf("%d keys, %v", k.Len(), err)
		}
	})
}
