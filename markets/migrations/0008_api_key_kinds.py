"""API keys that sign requests: by HMAC (the secret encrypted) or Ed25519 (only the public key)."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('markets', '0007_api_key_limits'),
    ]

    operations = [
        migrations.AddField(
            model_name='apikey',
            name='kind',
            field=models.CharField(choices=[('bearer', 'bearer: the key is sent with each request'), ('hmac', 'hmac: requests are signed with a secret that both sides have'), ('ed25519', 'ed25519: requests are signed; only you have the private key')], default='bearer', max_length=8),
        ),
        migrations.AddField(
            model_name='apikey',
            name='key_id',
            field=models.CharField(blank=True, editable=False, max_length=64, null=True, unique=True),
        ),
        migrations.AddField(
            model_name='apikey',
            name='sealed_secret',
            field=models.TextField(blank=True, default='', editable=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='apikey',
            name='public_key',
            field=models.CharField(blank=True, default='', editable=False, max_length=64),
            preserve_default=False,
        ),
    ]
