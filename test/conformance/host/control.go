package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

// control is what the test may ask of the host, as JSON over HTTP.
type control struct {
	*server
	id   string
	keys keyValues
	stop chan struct{}
}

type reply map[string]any

func (c *control) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, run := range map[string]func(*http.Request) (reply, error){
		"POST /activate":   c.activate,
		"POST /deactivate": c.deactivate,
		"POST /check":      c.check,
		"POST /kill":       c.kill,
		"POST /config":     c.saveConfig,
		"POST /support":    c.support,
		"POST /event":      c.clusterEvent,
		"GET /status":      c.status,
		"GET /kv":          c.listKV,
		"GET /audits":      c.listAudits,
		"POST /quit":       c.quit,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			answer, err := run(r)
			if err != nil {
				w.WriteHeader(http.StatusInternalServerError)
				answer = reply{"error": err.Error()}
			}
			_ = json.NewEncoder(w).Encode(answer)
		})
	}
	return mux
}

func (c *control) activate(*http.Request) (reply, error) {
	started := time.Now()
	_, activated, err := c.environment.Activate(c.id)
	if err != nil {
		return nil, err
	}
	return reply{"activated": activated, "ms": time.Since(started).Milliseconds()}, nil
}

func (c *control) deactivate(*http.Request) (reply, error) {
	started := time.Now()
	deactivated := c.environment.Deactivate(c.id)
	return reply{"deactivated": deactivated, "ms": time.Since(started).Milliseconds()}, nil
}

// check does now what the server's health job does every 30 s.
func (c *control) check(r *http.Request) (reply, error) {
	c.environment.GetPluginHealthCheckJob().CheckPlugin(c.id)
	return c.status(r)
}

func (c *control) status(*http.Request) (reply, error) {
	answer := reply{"state": c.environment.GetPluginState(c.id), "pid": c.pluginProcess(), "serverVersion": model.CurrentVersion}
	statuses, err := c.environment.Statuses()
	if err != nil {
		return nil, err
	}
	for _, status := range statuses {
		answer["error"] = status.Error
	}
	if c.driver != nil {
		answer["held"] = c.driver.held()
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	answer["events"] = c.events
	answer["webSocketEvents"] = c.webSocketEvents
	return answer, nil
}

func (c *control) kill(*http.Request) (reply, error) {
	pid := c.pluginProcess()
	if pid == 0 {
		return nil, fmt.Errorf("the plugin has no process")
	}
	return reply{"pid": pid}, syscall.Kill(pid, syscall.SIGKILL)
}

// pluginProcess finds our child that runs a file of the bundle; 0 when there is none.
func (c *control) pluginProcess() int {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(target, c.bundlePath+"/") {
			continue
		}
		pid, err := strconv.Atoi(strings.Split(link, "/")[2])
		if err == nil {
			return pid
		}
	}
	return 0
}

// saveConfig lays the JSON of the request over the configuration, as a save in System Console does:
// the plugin may refuse it, and learns of it afterwards.
func (c *control) saveConfig(r *http.Request) (reply, error) {
	changed := c.currentConfig()
	if err := json.NewDecoder(r.Body).Decode(changed); err != nil {
		return nil, err
	}
	hooks, err := c.environment.HooksForPlugin(c.id)
	if err != nil {
		return nil, err
	}
	replaced, err := hooks.ConfigurationWillBeSaved(changed)
	if err != nil {
		// The server passes its own kind of error on to whoever saves; of another it tells nothing.
		var told *model.AppError
		if errors.As(err, &told) {
			return reply{"refused": told.Message}, nil
		}
		return reply{"refused": "", "kept": err.Error()}, nil
	}
	if replaced != nil {
		changed = replaced
	}
	c.mutex.Lock()
	c.config = changed
	c.mutex.Unlock()
	return reply{"refused": nil}, hooks.OnConfigurationChange()
}

func (c *control) support(r *http.Request) (reply, error) {
	hooks, err := c.environment.HooksForPlugin(c.id)
	if err != nil {
		return nil, err
	}
	files, err := hooks.GenerateSupportData(&plugin.Context{RequestId: model.NewId()})
	if err != nil {
		return nil, err
	}
	names := []reply{}
	for i, file := range files {
		path := filepath.Join(r.URL.Query().Get("dir"), fmt.Sprintf("support-%d", i))
		if err := os.WriteFile(path, file.Body, 0o600); err != nil {
			return nil, err
		}
		names = append(names, reply{"filename": file.Filename, "bytes": len(file.Body), "path": path})
	}
	return reply{"files": names}, nil
}

func (c *control) clusterEvent(r *http.Request) (reply, error) {
	hooks, err := c.environment.HooksForPlugin(c.id)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	hooks.OnPluginClusterEvent(&plugin.Context{}, model.PluginClusterEvent{Id: r.URL.Query().Get("id"), Data: data})
	return reply{}, nil
}

func (c *control) listKV(*http.Request) (reply, error) {
	keys, appErr := c.keys.KVList(0, 1000)
	if appErr != nil {
		return nil, appErr
	}
	return reply{"keys": keys}, nil
}

func (c *control) listAudits(*http.Request) (reply, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return reply{"audits": append([]json.RawMessage{}, c.audits...)}, nil
}

func (c *control) quit(*http.Request) (reply, error) {
	close(c.stop)
	return reply{}, nil
}

// forwarder routes requests below /plugins/<id> to the plugin as the server does after it has looked
// at the session: the user's id comes from a header of the test alone.
func forwarder(environment *plugin.Environment, id string) http.Handler {
	return below("/plugins/"+id, environment, id, func(hooks plugin.Hooks, w http.ResponseWriter, r *http.Request) {
		user := r.Header.Get("X-Test-User")
		for _, name := range []string{"X-Test-User", "Mattermost-User-Id", "Mattermost-Plugin-ID", "Referer", "Cookie"} {
			r.Header.Del(name)
		}
		if user != "" {
			r.Header.Set("Mattermost-User-Id", user)
		}
		r.RequestURI = r.URL.RequestURI()
		hooks.ServeHTTP(&plugin.Context{RequestId: model.NewId(), UserAgent: r.UserAgent()}, w, r)
	})
}

// metricsPort serves what the server's metrics port does for plugins: whoever reaches it may ask, and
// the plugin learns nothing of who that is.
func metricsPort(environment *plugin.Environment, id string) http.Handler {
	return below("/plugins/"+id+"/metrics", environment, id, func(hooks plugin.Hooks, w http.ResponseWriter, r *http.Request) {
		hooks.ServeMetrics(&plugin.Context{}, w, r)
	})
}

// below serves what is at the prefix and below it by the plugin, which sees the path behind the
// prefix; everything else, and all of it while the plugin does not run, is not found.
func below(prefix string, environment *plugin.Environment, id string,
	serve func(plugin.Hooks, http.ResponseWriter, *http.Request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != prefix && !strings.HasPrefix(r.URL.Path, prefix+"/") {
			http.NotFound(w, r)
			return
		}
		hooks, err := environment.HooksForPlugin(id)
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		r.URL.Path = strings.TrimPrefix(r.URL.Path, prefix)
		serve(hooks, w, r)
	})
}
