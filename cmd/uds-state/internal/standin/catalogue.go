package standin

import "slices"

// The attributes that several event types share draw from the same values
// everywhere, which is what makes two types joinable.
var (
	appName    = oneOf("appName", 0, "checkout", "storefront", "search", "catalogue", "payments", "shipping", "accounts", "pricing", "stock", "returns", "loyalty", "notifications")
	host       = numbered("host", 0.01, "host-%02d.internal", 48)
	entityGUID = numbered("entityGuid", 0.02, "MXxBUE18QVBQTElDQVRJT058%04d", 40)
	userID     = numbered("userId", 0.35, "user-%04d", 900)
	traceID    = numbered("traceId", 0.04, "trace-%05d", 6000)
	sessionID  = numbered("session", 0.03, "session-%04d", 2500)
	cluster    = oneOf("clusterName", 0, "eu-prod", "us-prod", "eu-stage", "us-stage")
	container  = numbered("containerId", 0.02, "container-%03d", 220)
	awsRegion  = oneOf("awsRegion", 0.1, "eu-central-1", "us-east-1", "us-west-2", "ap-southeast-1")
	country    = oneOf("countryCode", 0.02, "DE", "US", "GB", "FR", "NL", "SE", "PL", "JP", "BR", "IN")
	orderID    = numbered("orderId", 0.05, "order-%05d", 5000)
)

var (
	agentAttributes   = []attribute{appName, host, entityGUID, traceID}
	browserAttributes = []attribute{
		appName, entityGUID, sessionID, country,
		oneOf("userAgentName", 0.01, "Chrome", "Safari", "Firefox", "Edge", "Opera"),
		oneOf("deviceType", 0.01, "Desktop", "Mobile", "Tablet"),
		numbered("pageUrl", 0, "https://shop.example/page/%03d", 180),
	}
	machineAttributes = []attribute{
		host, entityGUID, awsRegion,
		oneOf("operatingSystem", 0, "linux", "windows"),
		oneOf("instanceType", 0.12, "m6i.large", "m6i.xlarge", "c7g.large", "r6g.large"),
	}
	kubernetesAttributes = []attribute{
		cluster, entityGUID,
		oneOf("namespaceName", 0, "shop", "payments", "search", "platform", "monitoring"),
		numbered("nodeName", 0.02, "node-%02d", 24),
	}
	shopAttributes = []attribute{appName, userID, sessionID, country, orderID}
)

// table builds an event type from a shared base and its own attributes.
func table(name string, perHour float64, base []attribute, own ...attribute) *eventType {
	return &eventType{name: name, perHour: perHour, attributes: slices.Concat(base, own)}
}

// catalogue is the account: what a shop with agents, browsers, machines,
// Kubernetes, logs and its own events would report.
func catalogue() []*eventType {
	return slices.Concat(agentTypes(), browserTypes(), infrastructureTypes(), accountTypes(), customTypes())
}

func agentTypes() []*eventType {
	return []*eventType{
		table("Transaction", 900_000, agentAttributes, userID,
			measure("duration", 0, 0.12, 0.9), measure("databaseDuration", 0.3, 0.03, 0.8),
			measure("externalDuration", 0.6, 0.08, 0.8), integer("databaseCallCount", 0.3, 1, 40),
			numbered("name", 0, "WebTransaction/Go/route-%02d", 64),
			oneOf("transactionType", 0, "Web", "Other"), oneOf("httpResponseCode", 0.05, "200", "304", "404", "500", "503"),
			oneOf("request.method", 0.05, "GET", "POST", "PUT", "DELETE"), flag("error", 0, 0.013)),
		table("TransactionError", 12_000, agentAttributes, userID,
			oneOf("error.class", 0, "TimeoutError", "ValidationError", "NotFound", "ConnectionRefused", "Panic"),
			numbered("error.message", 0.02, "failure %03d while handling the request", 140),
			numbered("transactionName", 0.01, "WebTransaction/Go/route-%02d", 64), flag("error.expected", 0, 0.2)),
		table("Span", 4_200_000, agentAttributes,
			identifier("id", 0), identifier("parentId", 0.12), measure("duration", 0, 0.02, 1.1),
			oneOf("category", 0, "generic", "http", "datastore"), numbered("name", 0, "span-%03d", 200),
			oneOf("db.system", 0.7, "postgres", "redis", "mysql"), oneOf("peer.hostname", 0.6, "postgres-1", "redis-1", "search-1")),
		table("DistributedTraceSummary", 180_000, []attribute{traceID, entityGUID},
			measure("duration", 0, 0.2, 0.9), integer("spanCount", 0, 1, 120), integer("errorCount", 0.4, 0, 6)),
		table("ErrorTrace", 3_000, agentAttributes,
			oneOf("error.class", 0, "TimeoutError", "ValidationError", "NotFound", "ConnectionRefused", "Panic"), numbered("stackTraceHash", 0, "stack-%03d", 90)),
		table("SqlTrace", 5_000, []attribute{appName, host, entityGUID},
			measure("duration", 0, 0.8, 0.7), numbered("sqlHash", 0, "sql-%03d", 150), oneOf("databaseMetricName", 0, "orders", "users", "stock")),
		table("AgentUpdate", 40, []attribute{appName, host, entityGUID}, oneOf("agentLanguage", 0, "go", "java", "nodejs", "python"), oneOf("agentVersion", 0, "3.45.0", "3.44.1", "3.42.0")),
		table("Log", 6_500_000, []attribute{host, entityGUID, container, cluster},
			numbered("message", 0, "message template %03d", 400), oneOf("level", 0.03, "info", "warn", "debug", "error"),
			numbered("service.name", 0.08, "service-%02d", 20), numbered("trace.id", 0.4, "trace-%05d", 6000), integer("newrelic.logs.batchIndex", 0, 0, 900)),
		table("Metric", 8_000_000, []attribute{host, entityGUID, awsRegion},
			numbered("metricName", 0, "service.metric.%03d", 320), measure("value", 0, 12, 1.2), oneOf("unit", 0.2, "ms", "bytes", "count", "percent")),
	}
}

func browserTypes() []*eventType {
	return []*eventType{
		table("PageView", 140_000, browserAttributes, measure("duration", 0, 1.8, 0.6), measure("domProcessingDuration", 0.05, 0.7, 0.6), measure("networkDuration", 0.05, 0.3, 0.7)),
		table("PageViewTiming", 320_000, browserAttributes, oneOf("timingName", 0, "largestContentfulPaint", "firstPaint", "interactionToNextPaint", "pageHide"), measure("largestContentfulPaint", 0.6, 1.9, 0.5), measure("cumulativeLayoutShift", 0.4, 0.06, 0.8)),
		table("PageAction", 60_000, browserAttributes, userID, oneOf("actionName", 0, "addToBasket", "search", "filter", "openMenu", "applyVoucher"), integer("position", 0.3, 1, 60)),
		table("BrowserInteraction", 110_000, browserAttributes, measure("duration", 0, 0.9, 0.7), oneOf("category", 0, "Route change", "Initial page load", "Custom")),
		table("AjaxRequest", 480_000, browserAttributes, measure("timeToSettle", 0.02, 0.4, 0.8), integer("httpResponseCode", 0, 200, 204), numbered("requestUrl", 0, "/api/v2/resource-%02d", 70)),
		table("JavaScriptError", 9_000, browserAttributes, numbered("errorMessage", 0, "undefined is not a function (%02d)", 60), oneOf("errorClass", 0.05, "TypeError", "ReferenceError", "RangeError")),
		table("MobileSession", 22_000, []attribute{userID, country, sessionID}, measure("sessionDuration", 0.02, 180, 0.9), oneOf("osName", 0, "iOS", "Android"), oneOf("appVersion", 0, "8.2.1", "8.2.0", "8.1.4")),
		table("MobileCrash", 90, []attribute{userID, country, sessionID}, oneOf("osName", 0, "iOS", "Android"), numbered("crashLocation", 0.01, "module/%02d", 30)),
		table("SyntheticCheck", 2_400, []attribute{entityGUID, awsRegion}, measure("duration", 0, 640, 0.5), oneOf("result", 0, "SUCCESS", "FAILED"), oneOf("monitorName", 0, "storefront", "checkout", "search")),
		table("SyntheticRequest", 48_000, []attribute{entityGUID, awsRegion}, measure("duration", 0, 90, 0.7), integer("responseCode", 0, 200, 204), numbered("URL", 0, "https://shop.example/asset/%03d", 120)),
	}
}

func infrastructureTypes() []*eventType {
	return []*eventType{
		table("SystemSample", 11_500, machineAttributes, percent("cpuPercent", 0), percent("memoryUsedPercent", 0), measure("loadAverageOneMinute", 0.05, 1.2, 0.6), percent("diskUsedPercent", 0.02)),
		table("ProcessSample", 260_000, machineAttributes, numbered("processDisplayName", 0, "process-%02d", 80), percent("cpuPercent", 0), measure("memoryResidentSizeBytes", 0, 9e7, 1), integer("threadCount", 0, 1, 200)),
		table("NetworkSample", 23_000, machineAttributes, oneOf("interfaceName", 0, "eth0", "lo", "eth1"), measure("receiveBytesPerSecond", 0, 4e5, 1.2), measure("transmitBytesPerSecond", 0, 3e5, 1.2)),
		table("StorageSample", 23_000, machineAttributes, oneOf("mountPoint", 0, "/", "/var", "/data"), percent("diskUsedPercent", 0), measure("readBytesPerSecond", 0.1, 2e5, 1.3)),
		table("ContainerSample", 180_000, []attribute{container, host, cluster}, percent("cpuPercent", 0), measure("memoryUsageBytes", 0, 2e8, 0.8), oneOf("state", 0, "running", "exited", "restarting"), numbered("imageName", 0, "registry.example/image-%02d", 40), integer("restartCount", 0.1, 0, 12)),
		table("K8sPodSample", 96_000, kubernetesAttributes, numbered("podName", 0, "pod-%03d", 260), oneOf("status", 0, "Running", "Pending", "Succeeded", "Failed"), flag("isReady", 0.01, 0.96)),
		table("K8sContainerSample", 120_000, kubernetesAttributes, container, measure("cpuUsedCores", 0.02, 0.2, 0.9), measure("memoryWorkingSetBytes", 0.02, 1.5e8, 0.8), integer("restartCount", 0, 0, 12)),
		table("K8sNodeSample", 5_700, kubernetesAttributes, percent("allocatableCpuCoresUtilization", 0), percent("allocatableMemoryUtilization", 0), integer("capacityPods", 0, 110, 110)),
		table("K8sClusterSample", 240, []attribute{cluster}, integer("watchesCount", 0.2, 1, 400)),
		table("InfrastructureEvent", 900, []attribute{host, entityGUID, cluster}, oneOf("category", 0, "kubernetes", "notifications", "inventory"), numbered("summary", 0, "summary %02d", 80)),
		table("RedisSample", 2_900, []attribute{host, entityGUID}, measure("net.commandsProcessedPerSecond", 0, 8000, 0.7), percent("db.hitRatio", 0.01), measure("system.usedMemoryBytes", 0, 6e8, 0.4)),
		table("PostgresqlInstanceSample", 2_900, []attribute{host, entityGUID}, measure("bgwriter.buffersAllocatedPerSecond", 0, 120, 0.8), integer("db.connections", 0, 4, 300)),
	}
}

func accountTypes() []*eventType {
	return []*eventType{
		table("NrAiIncident", 60, []attribute{entityGUID}, oneOf("event", 0, "open", "close"), oneOf("priority", 0, "critical", "warning"), numbered("conditionName", 0, "condition-%02d", 50), measure("durationSeconds", 0.5, 420, 1)),
		table("NrAuditEvent", 200, nil, oneOf("actionIdentifier", 0, "dashboard.update", "alert.update", "user.login", "apiKey.create"), numbered("actorEmail", 0.02, "engineer-%02d@shop.example", 40)),
	}
}

func customTypes() []*eventType {
	return []*eventType{
		table("OrderPlaced", 5_200, shopAttributes, measure("basketValue", 0, 62, 0.7), integer("itemCount", 0, 1, 24), oneOf("paymentMethod", 0.01, "card", "paypal", "invoice", "voucher"), flag("firstOrder", 0.03, 0.22)),
		table("PaymentAttempt", 6_100, shopAttributes, measure("duration", 0, 0.9, 0.6), oneOf("provider", 0, "northbank", "paywave", "cardly"), flag("approved", 0, 0.93), oneOf("declineReason", 0.93, "insufficientFunds", "expiredCard", "fraudSuspected")),
		table("InventoryAdjusted", 2_000, []attribute{host, awsRegion}, numbered("sku", 0, "sku-%04d", 1800), integer("quantity", 0, 1, 400), oneOf("warehouse", 0.02, "hamburg", "leipzig", "venlo")),
		table("FeatureFlagEvaluated", 420_000, []attribute{appName, userID, sessionID}, numbered("flagKey", 0, "flag-%02d", 36), oneOf("variation", 0, "control", "treatment")),
		table("SearchPerformed", 38_000, shopAttributes, measure("duration", 0, 0.15, 0.6), integer("resultCount", 0, 0, 400), numbered("term", 0.02, "term-%03d", 350)),
	}
}
