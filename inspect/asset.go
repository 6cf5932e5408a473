package inspect

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"path"
	"time"
)

// asset is a file that pages refer to. Its name has a hash of what is in it, so that
// a browser may keep it for ever, and pages say what hash they expect.
type asset struct {
	Name      string
	Integrity string // as in Subresource Integrity
	kind      string
	content   []byte
}

var (
	style  = assetOf("style.css", "text/css; charset=utf-8")
	script = assetOf("live.js", "text/javascript; charset=utf-8")
	icon   = assetOf("icon.svg", "image/svg+xml")

	assets = []*asset{style, script, icon}
)

func assetOf(file, kind string) *asset {
	content, err := files.ReadFile("assets/" + file)
	if err != nil {
		panic(err) // it is embedded
	}
	sum := sha256.Sum256(content)
	ending := path.Ext(file)
	return &asset{
		Name:      file[:len(file)-len(ending)] + "-" + hex.EncodeToString(sum[:6]) + ending,
		Integrity: "sha256-" + base64.StdEncoding.EncodeToString(sum[:]),
		kind:      kind,
		content:   content,
	}
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	http.ServeContent(w, r, a.Name, time.Time{}, bytes.NewReader(a.content))
}
