package org.sluice.smmuv3.driver;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.driver.base.UnitLog;
import org.sluice.smmuv3.arch.Iidr;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.quirk.AppliedHooks;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv3Hooks;

/**
 * The hooks that match one SMMU. What concerns features, registers and interrupts is asked once, here, and kept as plain values;
 * the rest is asked of the services that there are at the moment. Any thread.
 */
final class UnitHooks {
    /**
     * Hooks that match.
     *
     * @param hooks the service
     * @param reason why
     */
    private record Matched(Smmuv3Hooks hooks, String reason) {}

    private final HardwareIdentity identity;
    private final HookRegistry registry;
    private final UnitLog log;
    private final RegisterFile registers;
    private final boolean nesting;
    private final Map<String, String> lines = new HashMap<>();
    private final Set<String> atProbe = new HashSet<>();
    private volatile List<Matched> matched = List.of();
    private volatile CommandQueue queue;

    /** Matches what there is now with an SMMU that is about to be probed or adopted. */
    UnitHooks(IommuHardware hardware, HookRegistry registry, UnitLog log) {
        this.identity = new HardwareIdentity(
                hardware.name(),
                hardware.compatible(),
                hardware.registers().read32(Iidr.ADDRESS),
                hardware.properties());
        this.registry = registry;
        this.log = log;
        this.matched = match(registry.snapshot());
        List<Smmuv3Hooks> hooks = matched.stream().map(Matched::hooks).toList();
        this.registers = HookedRegisters.of(hardware.registers(), hooks);
        this.nesting = hooks.stream().allMatch(Smmuv3Hooks::hasNesting);
        for (String line : List.of("eventq", "priq", "cmdq-sync", "gerror")) {
            String actual = line;
            for (Smmuv3Hooks hook : hooks) {
                actual = hook.interruptLine(actual);
            }
            lines.put(line, actual);
        }
        matched.forEach(match -> atProbe.add(match.hooks().name()));
        matched.forEach(match -> log.info("applies " + match.hooks().name() + ": " + match.reason()));
    }

    /** The registers to use. */
    RegisterFile registers() {
        return registers;
    }

    /** What works of what the ID registers announce. */
    Features restrict(Features announced) {
        return nesting ? announced : announced.without(Feature.NESTING);
    }

    /** The interrupt line to listen to for one of the architecture's. */
    String line(String line) {
        return lines.get(line);
    }

    /** Keeps a command queue, and this, up to date from now on. */
    void start(CommandQueue commands) {
        queue = commands;
        registry.watch(this);
    }

    /** The SMMU was reset and is enabled. */
    void deviceReset() {
        matched.forEach(match -> match.hooks().deviceReset(identity, registers));
    }

    /** The SMMU is disabled for good: tells the services, and lets go of them. */
    void deviceRemove() {
        for (Matched match : matched) {
            try {
                match.hooks().deviceRemove(identity, registers);
            } catch (RuntimeException failure) {
                log.error("hooks " + match.hooks().name() + " failed at the removal: " + failure);
            }
        }
        close();
    }

    /** Lets go of the services. */
    void close() {
        registry.forget(this);
        matched = List.of();
    }

    /** Whether CMD_PREFETCH_CONFIG works. */
    boolean hasPrefetch() {
        return matched.stream().allMatch(match -> match.hooks().hasPrefetch());
    }

    /**
     * Refuses to translate a device that must not be.
     *
     * @throws IommuException EOPNOTSUPP naming the hooks
     */
    void requireTranslation(DeviceRecord device) {
        Optional<Matched> forcing = matched.stream()
                .filter(match -> match.hooks().forcesIdentity(identity, device))
                .findFirst();
        if (forcing.isPresent()) {
            throw new IommuException(
                    Errno.EOPNOTSUPP,
                    "device " + device.name() + " can only pass untranslated or be blocked: "
                            + forcing.get().hooks().name());
        }
    }

    /** What matches now, and what matched at the probe and shows its effect until the next. */
    List<AppliedHooks> applied() {
        List<AppliedHooks> applied = new ArrayList<>();
        Set<String> gone = new TreeSet<>(atProbe);
        for (Matched match : matched) {
            String name = match.hooks().name();
            boolean whole = gone.remove(name) || atProbe.contains(name);
            String when = whole ? "" : "; features, registers and interrupts from the next probe on";
            applied.add(new AppliedHooks(name, match.reason() + when));
        }
        gone.forEach(name -> applied.add(new AppliedHooks(
                name, "no longer there; features, registers and interrupts as it had them until the next probe")));
        return applied;
    }

    /** The services changed. */
    void refresh(List<Smmuv3Hooks> services) {
        List<String> before = names(matched);
        matched = match(services);
        int limit = Smmuv3Hooks.UNLIMITED;
        for (Matched match : matched) {
            limit = Math.min(limit, match.hooks().commandsBeforeSync());
        }
        queue.limitBatches(limit);
        List<String> now = names(matched);
        if (!now.equals(before)) {
            log.warn("hooks changed from " + before + " to " + now
                    + ": features, registers and interrupts follow at the next probe, the rest at once");
        }
    }

    private List<Matched> match(List<Smmuv3Hooks> services) {
        List<Matched> matches = new ArrayList<>();
        for (Smmuv3Hooks hooks : services) {
            try {
                hooks.match(identity).ifPresent(reason -> matches.add(new Matched(hooks, reason)));
            } catch (RuntimeException failure) {
                log.error("hooks could not be asked whether they match: " + failure);
            }
        }
        return List.copyOf(matches);
    }

    private static List<String> names(List<Matched> matches) {
        return matches.stream().map(match -> match.hooks().name()).toList();
    }
}
