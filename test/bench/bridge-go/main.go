// Command bridge-go is the same plugin as test/conformance/probe, in Go, as far as both are measured
// beside each other under one supervisor.
package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strconv"

	"github.com/mattermost/mattermost/server/public/plugin"
)

type probe struct {
	plugin.MattermostPlugin
	block []byte
}

func main() {
	plugin.ClientMain(&probe{block: bytes.Repeat([]byte("mattermost "), 64*1024/11+1)[:64*1024]})
}

func (p *probe) ServeHTTP(_ *plugin.Context, w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/seen":
		_ = json.NewEncoder(w).Encode(map[string]int{"pid": os.Getpid()})
	case "/small":
		_, _ = w.Write(p.block[:1024])
	case "/kv-many":
		for range p.number(r, "count") {
			if _, err := p.API.KVGet("small"); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
	case "/download":
		size := p.number(r, "size")
		w.Header().Set("Content-Length", strconv.Itoa(size))
		for left := size; left > 0; left -= len(p.block) {
			if _, err := w.Write(p.block[:min(left, len(p.block))]); err != nil {
				return
			}
		}
	default:
		http.NotFound(w, r)
	}
}

func (p *probe) number(r *http.Request, name string) int {
	value, _ := strconv.Atoi(r.URL.Query().Get(name))
	return value
}
