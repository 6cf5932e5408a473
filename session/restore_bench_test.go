package session

import "testing"

func BenchmarkRestore(b *testing.B) {
	_, sessions := benchStore(b)
	records := make([][]byte, len(sessions))
	total := 0
	for i, s := range sessions {
		records[i] = s.record()
		total += len(records[i])
	}
	b.ReportAllocs()
	st := open(b, Options{})
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		if i%len(records) == 0 && i > 0 {
			b.StopTimer()
			st.Close()
			st = open(b, Options{})
			b.StartTimer()
		}
		if _, err := st.Restore(records[i%len(records)]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(total)/float64(len(records)), "bytes/record")
}
