import org.codelibs.opensearch.runner.OpenSearchRunner;

/**
 * One node of OpenSearch. Parameters: the directory it keeps everything in, the plug-in classes to load, comma-separated (all
 * that the runner knows where it is empty), then settings as KEY=VALUE. The runner's own main program takes no settings.
 */
public final class OpenSearchNode {
  public static void main(String[] parameters) throws InterruptedException {
    OpenSearchRunner runner = new OpenSearchRunner();
    OpenSearchRunner.Configs configs =
        OpenSearchRunner.newConfigs().basePath(parameters[0]).clusterName("test").numOfNode(1).useLogger();
    if (!parameters[1].isEmpty()) configs.moduleTypes(parameters[1]);
    runner
        .onBuild(
            (number, settings) -> {
              for (int index = 2; index < parameters.length; index++) {
                String[] setting = parameters[index].split("=", 2);
                settings.put(setting[0], setting[1]);
              }
            })
        .build(configs);
    Thread.currentThread().join();
  }
}
