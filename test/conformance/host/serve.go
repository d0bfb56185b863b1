package main

import (
	"encoding/json"
	"errors"
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
func serve(o options) error {
	dir := o.dir
	plugins, webapps := filepath.Join(dir, "plugins"), filepath.Join(dir, "client", "plugins")
	for _, path := range []string{plugins, webapps, filepath.Join(dir, "data")} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
	}
	bundlePath, err := unpack(o.bundle, plugins)
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
	config, err := loadConfig(o.config)
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
		logger:      logger,
		license:     newLicense(),
		telemetryID: o.telemetryID,
		bundlePath:  bundlePath,
		installedAt: time.Now().Add(-24 * time.Hour).UnixMilli(),
		config:      config,
	}
	if err := shared.connect(o); err != nil {
		return err
	}
	keys := shared.keysOf(manifest.Id)
	newAPI := func(m *model.Manifest) plugin.API { return &pluginAPI{keyValues: keys, server: shared, manifest: m} }
	shared.environment, err = plugin.NewEnvironment(newAPI, shared.appDriver(), plugins, webapps, logger, nil)
	if err != nil {
		return err
	}
	shared.environment.TogglePluginHealthCheckJob(true)

	stop := make(chan struct{})
	controls := &control{server: shared, id: manifest.Id, keys: keys, stop: stop}
	controlURL, err := listen(controls.routes())
	if err != nil {
		return err
	}
	pluginURL, err := listen(forwarder(shared.environment, manifest.Id))
	if err != nil {
		return err
	}
	metricsURL, err := listen(metricsPort(shared.environment, manifest.Id))
	if err != nil {
		return err
	}
	addresses := map[string]string{
		"id": manifest.Id, "control": controlURL, "plugin": pluginURL, "metrics": metricsURL, "bundle": bundlePath,
	}
	if err := shared.joinCluster(); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(addresses); err != nil {
		return err
	}
	<-stop
	shared.environment.Shutdown()
	return errors.Join(shared.leaveCluster(), logger.Shutdown())
}

// connect opens the database and takes a place in the cluster, as far as the test wants them.
func (s *server) connect(o options) error {
	if !o.hasDatabase {
		return nil
	}
	now := func() time.Time { return time.Now().Add(o.clockOffset) }
	var err error
	if s.database, err = openDatabase(s.config.SqlSettings, now); err != nil {
		return err
	}
	s.driver = newSQLDriver(s.database)
	if o.hostname != "" {
		s.node = &clusterNode{o.clusterID, o.hostname, *s.config.ClusterSettings.ClusterName, o.bus, s.database, s.logger}
	}
	return nil
}

func (s *server) keysOf(pluginID string) keyValues {
	if s.database == nil {
		return newKVStore()
	}
	return &kvTable{s.database, pluginID}
}

// appDriver is nil, not a driver that is nil, without a database.
func (s *server) appDriver() plugin.AppDriver {
	if s.driver == nil {
		return nil
	}
	return s.driver
}

func (s *server) joinCluster() error {
	if s.node == nil {
		return nil
	}
	if err := s.node.join(); err != nil {
		return err
	}
	go s.node.keepPinging()
	return nil
}

func (s *server) leaveCluster() error {
	if s.node == nil {
		return nil
	}
	return s.node.leave()
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
