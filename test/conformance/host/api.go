package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
	"github.com/mattermost/mattermost/server/public/shared/mlog"
)

// server is what the plugin API answers from; it outlives restarts of the plugin.
type server struct {
	environment *plugin.Environment
	logger      *mlog.Logger
	license     *model.License
	telemetryID string
	bundlePath  string
	installedAt int64
	// Without a database keys are kept in memory, and without a cluster there is no node.
	database *database
	driver   *sqlDriver
	node     *clusterNode

	mutex  sync.Mutex
	config *model.Config
	events []string
	// The newest of them.
	webSocketEvents []webSocketEvent
	// The newest records of the audit log.
	audits []json.RawMessage
}

// webSocketEvent is an event for browsers: what the server would have sent, and to whom.
type webSocketEvent struct {
	Name      string                    `json:"name"`
	Payload   map[string]any            `json:"payload"`
	Broadcast *model.WebsocketBroadcast `json:"broadcast"`
}

const (
	maxWebSocketEvents = 100
	maxAudits          = 100
)

// unwritten is every call of the API that is not written here. It meets a nil interface and ends the
// whole run: the plugin must not use what we have not looked at.
type unwritten struct{ plugin.API }

// pluginAPI is the API of one plugin. What keyValues and this type write hides what is unwritten.
type pluginAPI struct {
	unwritten
	keyValues
	*server
	manifest *model.Manifest
}

func (s *server) currentConfig() *model.Config {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.config.Clone()
}

func (a *pluginAPI) LoadPluginConfiguration(dest any) error {
	merged := map[string]any{}
	if a.manifest.SettingsSchema != nil {
		for _, setting := range a.manifest.SettingsSchema.Settings {
			merged[strings.ToLower(setting.Key)] = setting.Default
		}
	}
	for key, value := range a.currentConfig().PluginSettings.Plugins[a.manifest.Id] {
		merged[strings.ToLower(key)] = value
	}
	content, err := json.Marshal(merged)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, dest)
}

func (a *pluginAPI) GetUnsanitizedConfig() *model.Config { return a.currentConfig() }

func (a *pluginAPI) GetPluginConfig() map[string]any {
	return a.currentConfig().PluginSettings.Plugins[a.manifest.Id]
}

func (a *pluginAPI) GetBundlePath() (string, error)                 { return a.bundlePath, nil }
func (a *pluginAPI) GetLicense() *model.License                     { return a.license }
func (a *pluginAPI) IsEnterpriseReady() bool                        { return true }
func (a *pluginAPI) GetServerVersion() string                       { return model.CurrentVersion }
func (a *pluginAPI) GetSystemInstallDate() (int64, *model.AppError) { return a.installedAt, nil }
func (a *pluginAPI) GetDiagnosticId() string                        { return a.telemetryID }
func (a *pluginAPI) GetTelemetryId() string                         { return a.telemetryID }
func (a *pluginAPI) GetPluginID() string                            { return a.manifest.Id }

func (a *pluginAPI) HasPermissionTo(userID string, permission *model.Permission) bool {
	// The server reads the id without a look at the pointer; a plugin that leaves it out crashes it.
	return permission.Id == model.PermissionManageSystem.Id && strings.HasPrefix(userID, "admin")
}

func (a *pluginAPI) GetPluginStatus(id string) (*model.PluginStatus, *model.AppError) {
	statuses, err := a.environment.Statuses()
	if err != nil {
		return nil, model.NewAppError("GetPluginStatus", "app.plugin.get_statuses.app_error", nil, err.Error(), http.StatusInternalServerError)
	}
	for _, status := range statuses {
		if status.PluginId == id {
			if a.node != nil {
				status.ClusterId = a.node.id
			}
			return status, nil
		}
	}
	return nil, model.NewAppError("GetPluginStatus", "app.plugin.not_installed.app_error", nil, "", http.StatusNotFound)
}

func (a *pluginAPI) PublishPluginClusterEvent(event model.PluginClusterEvent, options model.PluginClusterEventSendOptions) error {
	return a.node.publish(event, options)
}

func (a *pluginAPI) PublishWebSocketEvent(event string, payload map[string]any, broadcast *model.WebsocketBroadcast) {
	a.server.mutex.Lock()
	defer a.server.mutex.Unlock()
	name := "custom_" + a.manifest.Id + "_" + event
	a.webSocketEvents = append(a.webSocketEvents, webSocketEvent{name, payload, broadcast})
	if len(a.webSocketEvents) > maxWebSocketEvents {
		a.webSocketEvents = a.webSocketEvents[1:]
	}
}

func (a *pluginAPI) LogDebug(message string, pairs ...any) { a.logger.Debug(message, fields(pairs)...) }
func (a *pluginAPI) LogInfo(message string, pairs ...any)  { a.logger.Info(message, fields(pairs)...) }
func (a *pluginAPI) LogWarn(message string, pairs ...any)  { a.logger.Warn(message, fields(pairs)...) }
func (a *pluginAPI) LogError(message string, pairs ...any) { a.logger.Error(message, fields(pairs)...) }

func fields(pairs []any) []mlog.Field {
	result := []mlog.Field{mlog.String("from", "plugin")}
	for i := 0; i+1 < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			key = "odd_key"
		}
		result = append(result, mlog.Any(key, pairs[i+1]))
	}
	return result
}
