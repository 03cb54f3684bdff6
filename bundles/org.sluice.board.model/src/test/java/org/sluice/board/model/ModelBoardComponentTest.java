package org.sluice.board.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.sluice.api.Counters;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.smmuv3.model.Smmuv3ModelFactory;
import org.sluice.spi.board.Board;

class ModelBoardComponentTest {
    private final List<String> log = new ArrayList<>();
    private Board board;
    private Counters counters;

    private Object register(Class<?> type, Object service, Dictionary<?, ?> properties) {
        log.add("+" + type.getSimpleName() + " " + properties.get(Board.NAME));
        if (service instanceof Board made) {
            board = made;
        } else {
            counters = (Counters) service;
        }
        return Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {ServiceRegistration.class}, (proxy, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("unregister");
                    log.add("-" + type.getSimpleName());
                    return null;
                });
    }

    @Test
    void boardCountersAndExplanationsAreServicesWhileItIsPowered() {
        BundleContext context = (BundleContext) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {BundleContext.class}, (proxy, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("registerService");
                    return register((Class<?>) arguments[0], arguments[1], (Dictionary<?, ?>) arguments[2]);
                });
        ModelBoardComponent component = new ModelBoardComponent(
                context,
                Map.of(
                        "name", "bench",
                        "memory", "0x40000000+0x10000000",
                        "pool", "0x40000000+0x1000000",
                        "endpoints", "dma0;sid=1",
                        "iommu.name", "smmu3",
                        "service.factoryPid", ModelBoardComponent.PID),
                new ResidentMemoryFactory(),
                Map.entry(Map.of("sluice.model.compatible", "arm,smmu-v3"), new Smmuv3ModelFactory()));

        assertThat(log).containsExactlyInAnyOrder("+Board bench", "+Counters bench", "+ExplainingModel bench");
        assertThat(board.endpoints()).hasSize(1);
        assertThat(board.iommus().get(0).name()).isEqualTo("smmu3");
        assertThat(counters.subject()).isEqualTo("smmu3");
        assertThat(counters.read()).containsEntry("transaction", 0L);

        component.powerOff();
        assertThat(log).containsOnlyOnce("-Board", "-Counters", "-ExplainingModel");
    }
}
