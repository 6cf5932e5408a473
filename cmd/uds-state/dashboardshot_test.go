package main

import (
	"bytes"
	"cmp"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/uds-platform/state/cmd/uds-state/internal/standin"
	"github.com/uds-platform/state/inspect"
)

var dashboardShot = flag.String("dashboard.shot", "", "write a picture of the dashboard into this `file`, and let the demo explore for half a minute before")

// mostShotBytes bounds the picture: it is in the repository.
const mostShotBytes = 300 << 10

// TestTheDashboardsPicture takes the picture that the documentation shows: of the
// demo's sessions, by their stand-in's latency, and not of made-up numbers. Without
// the flag it takes one of a short run, and throws it away.
func TestTheDashboardsPicture(t *testing.T) {
	stand := standin.Options{}
	if *dashboardShot != "" {
		stand = standin.Options{Seed: 1, Latency: standin.NewLogNormal(1)}
	}
	w := watch(t, stand, func(o *inspect.Options) { o.Reveal = false })
	w.demo.think = thinkTime
	if *dashboardShot != "" {
		w.demo.rounds = 12
		w.look(t)
	}
	b := openBrowser(t)(t)
	if *dashboardShot == "" {
		w.explore(t)
	}
	pages := w.pages(t)
	shot := stacked(t, b.shoot(w.root+pages["Overview"]), b.shoot(w.root+pages["Effectiveness"]), b.shoot(w.root+pages["Session"]))
	if len(shot) > mostShotBytes {
		t.Errorf("the picture has %d bytes, want at most %d", len(shot), mostShotBytes)
	}
	if *dashboardShot != "" {
		if err := os.WriteFile(*dashboardShot, shot, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// look explores while somebody looks, so that there is a history to see.
func (w *watchedDemo) look(t *testing.T) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.explore(t)
	}()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			w.glance(t, "effect")
		}
	}
}

// shoot takes a picture of the upper part of a page.
func (b *tab) shoot(address string) image.Image {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(1100, 660), chromedp.Navigate(address))
	b.scheme("light")
	b.await(`document.getElementById("status").textContent === "Updating"`)
	content, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		b.t.Fatal(err)
	}
	return picture
}

// stacked puts pictures below each other, in the 256 colours that come up most.
func stacked(t *testing.T, pictures ...image.Image) []byte {
	t.Helper()
	width, height := 0, 0
	for _, p := range pictures {
		width, height = max(width, p.Bounds().Dx()), height+p.Bounds().Dy()
	}
	whole := image.NewRGBA(image.Rect(0, 0, width, height))
	top := 0
	for _, p := range pictures {
		draw.Draw(whole, image.Rect(0, top, width, top+p.Bounds().Dy()), p, p.Bounds().Min, draw.Src)
		top += p.Bounds().Dy()
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, paletted(whole)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func paletted(whole *image.RGBA) *image.Paletted {
	counts := make(map[color.RGBA]int)
	for y := range whole.Rect.Dy() {
		for x := range whole.Rect.Dx() {
			counts[whole.RGBAAt(x, y)]++
		}
	}
	out := image.NewPaletted(whole.Rect, most(counts, 256))
	draw.Draw(out, whole.Rect, whole, image.Point{}, draw.Src)
	return out
}

// most are the colours with the highest counts.
func most(counts map[color.RGBA]int, n int) color.Palette {
	var all []color.RGBA
	for c := range counts {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int { return cmp.Compare(counts[b], counts[a]) })
	var palette color.Palette
	for _, c := range all[:min(len(all), n)] {
		palette = append(palette, c)
	}
	return palette
}
