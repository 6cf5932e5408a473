package auth

import "testing"

func BenchmarkVerify(b *testing.B) {
	k := keysOf(b, Options{})
	for range 1000 {
		made(b, k, Spec{Scopes: []string{"read"}})
	}
	text, _ := made(b, k, Spec{Scopes: []string{"read", "write"}})
	other, _ := made(b, keysOf(b, Options{}), Spec{})
	for name, tc := range map[string]struct {
		text string
		ok   bool
	}{"right": {text, true}, "unknown": {other, false}, "misspelt": {text[:79] + "1", false}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Verify(tc.text); (err == nil) != tc.ok {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := k.Verify(text); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
