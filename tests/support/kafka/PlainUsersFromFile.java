// SPDX-License-Identifier: Apache-2.0
// Broker side of SASL PLAIN for tests: users and passwords from a properties file that is read at every login, so that a password
// changes on a running broker. The file is named by the option `users_file` of the listener's JAAS line. Every login is told in a second file,
// `<users_file>.logins`, as `user accepted` or `user refused`: what a broker that locks accounts would count.
// Fails: an unreadable file refuses the login (the broker logs why), never accepts it.
package embergate.test;

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.NameCallback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.plain.PlainAuthenticateCallback;

public final class PlainUsersFromFile implements AuthenticateCallbackHandler {
    private String usersFile;

    @Override
    public void configure(Map<String, ?> configs, String saslMechanism, List<AppConfigurationEntry> jaasEntries) {
        usersFile = (String) jaasEntries.get(0).getOptions().get("users_file");
    }

    @Override
    public void handle(Callback[] callbacks) throws IOException, UnsupportedCallbackException {
        String user = null;
        for (Callback callback : callbacks) {
            if (callback instanceof NameCallback) {
                user = ((NameCallback) callback).getDefaultName();
            } else if (callback instanceof PlainAuthenticateCallback) {
                PlainAuthenticateCallback login = (PlainAuthenticateCallback) callback;
                boolean accepted = matches(user, login.password());
                tell(user, accepted);
                login.authenticated(accepted);
            } else {
                throw new UnsupportedCallbackException(callback);
            }
        }
    }

    private boolean matches(String user, char[] presented) throws IOException {
        Properties users = new Properties();
        try (InputStream in = new FileInputStream(usersFile)) {
            users.load(in);
        }
        String expected = user == null ? null : users.getProperty(user);
        return expected != null
            && MessageDigest.isEqual(expected.getBytes(StandardCharsets.UTF_8), new String(presented).getBytes(StandardCharsets.UTF_8));
    }

    private synchronized void tell(String user, boolean accepted) throws IOException {
        try (FileOutputStream out = new FileOutputStream(usersFile + ".logins", true)) {
            out.write((user + (accepted ? " accepted\n" : " refused\n")).getBytes(StandardCharsets.UTF_8));
        }
    }

    @Override
    public void close() {
    }
}
