package state

// windowed is a kind that says how large its admission window is.
type windowed interface{ windowShare() float64 }

func (c *Cache[T]) windowShare() float64 { return c.engine.WindowShare() }

// WindowShares returns, by kind, the share of the results that the engine's
// admission window may hold, from 0.01 to 0.8. It adapts: a small window suits
// results that are asked for again and again, a large one those that are new.
func (st *State) WindowShares() map[string]float64 {
	shares := make(map[string]float64)
	kinds, _ := st.adopted()
	for _, k := range kinds {
		if w, ok := k.(windowed); ok {
			shares[k.stats().Name] = w.windowShare()
		}
	}
	return shares
}
