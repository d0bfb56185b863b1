package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
	"github.com/mattermost/mattermost/server/public/shared/mlog"
)

// serve unpacks the bundle below dir, starts the environment and answers the test until it is told
// to stop. Its only line on stdout names the addresses.
func serve(bundle, dir, configPath string) error {
	plugins, webapps := filepath.Join(dir, "plugins"), filepath.Join(dir, "client", "plugins")
	for _, path := range []string{plugins, webapps, filepath.Join(dir, "data")} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
	}
	bundlePath, err := unpack(bundle, plugins)
	if err != nil {
		return err
	}
	manifest, _, err := model.FindManifest(bundlePath)
	if err != nil {
		return err
	}
	if err := manifest.IsValid(); err != nil {
		return err
	}
	config, err := loadConfig(configPath)
	if err != nil {
		return err
	}
	logger, err := newLogger()
	if err != nil {
		return err
	}
	// The plugin inherits the working directory, as it does from a server.
	if err := os.Chdir(dir); err != nil {
		return err
	}

	shared := &server{
		kv:          newKVStore(),
		logger:      logger,
		license:     newLicense(),
		telemetryID: model.NewId(),
		bundlePath:  bundlePath,
		installedAt: time.Now().Add(-24 * time.Hour).UnixMilli(),
		config:      config,
	}
	newAPI := func(m *model.Manifest) plugin.API { return &pluginAPI{kvStore: shared.kv, server: shared, manifest: m} }
	shared.environment, err = plugin.NewEnvironment(newAPI, nil, plugins, webapps, logger, nil)
	if err != nil {
		return err
	}
	shared.environment.TogglePluginHealthCheckJob(true)

	stop := make(chan struct{})
	controls := &control{server: shared, id: manifest.Id, stop: stop}
	controlURL, err := listen(controls.routes())
	if err != nil {
		return err
	}
	pluginURL, err := listen(forwarder(shared.environment, manifest.Id))
	if err != nil {
		return err
	}
	addresses := map[string]string{"id": manifest.Id, "control": controlURL, "plugin": pluginURL, "bundle": bundlePath}
	if err := json.NewEncoder(os.Stdout).Encode(addresses); err != nil {
		return err
	}
	<-stop
	shared.environment.Shutdown()
	return logger.Shutdown()
}

func listen(handler http.Handler) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		if err := http.Serve(listener, handler); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	return "http://" + listener.Addr().String(), nil
}

func loadConfig(path string) (*model.Config, error) {
	config := &model.Config{}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(content, config); err != nil {
		return nil, err
	}
	config.SetDefaults()
	return config, nil
}

func newLicense() *model.License {
	license := &model.License{
		Id:           model.NewId(),
		IssuedAt:     time.Now().Add(-time.Hour).UnixMilli(),
		StartsAt:     time.Now().Add(-time.Hour).UnixMilli(),
		ExpiresAt:    time.Now().Add(365 * 24 * time.Hour).UnixMilli(),
		Customer:     &model.Customer{Id: model.NewId(), Name: "Test", Email: "test@example.com", Company: "Test"},
		Features:     &model.Features{},
		SkuName:      "Enterprise",
		SkuShortName: model.LicenseShortSkuEnterprise,
	}
	license.Features.SetDefaults()
	return license
}

func newLogger() (*mlog.Logger, error) {
	logger, err := mlog.NewLogger()
	if err != nil {
		return nil, err
	}
	targets := mlog.LoggerConfiguration{"stderr": mlog.TargetCfg{
		Type:          "console",
		Format:        "json",
		Levels:        mlog.StdAll,
		Options:       json.RawMessage(`{"out":"stderr"}`),
		FormatOptions: json.RawMessage(`{"enable_caller":false}`),
	}}
	if err := logger.ConfigureTargets(targets, nil); err != nil {
		return nil, err
	}
	mlog.InitGlobalLogger(logger)
	return logger, nil
}
